-- What the connection `warehouse` of the pipelines has.
create table user_analytics (day text, id text, country text, events bigint, last_seen timestamptz);

create table published (day text, region text);
create procedure publish_orders(day text, region text) language sql as 'insert into published values (day, region)';

create schema sales;
create table sales.orders (id int, amount int);
create table sales.refunds (like sales.orders);
create table sales.customers (like sales.orders);
create schema finance;
create table finance.ledger (like sales.orders);
create table finance.invoices (like sales.orders);

create table exports (source text, id int, amount int);
create table locked (source text, times int);
-- What undoes a transaction does not undo a sequence.
create sequence tries;
create function read_source(name text) returns setof sales.orders language plpgsql as $$
begin
  if (select times >= nextval('tries') from locked where source = name) then raise '% is locked', name; end if;
  return query select id, amount from exports where source = name;
end $$;

create schema stg;
create table stg.orders (day text, order_id int, status text);
create table merged (id serial, day text);
-- A file of raw orders is named by its day and how many rows it has.
create function read_raw(path text) returns table (day text, order_id int, status text) language sql as $$
  select split_part(path, '#', 1), i, 'paid' from generate_series(1, split_part(path, '#', 2)::int) i
$$;
create procedure merge_orders(night text) language sql as 'insert into merged (day) values (night)';
