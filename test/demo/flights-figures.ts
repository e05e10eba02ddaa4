import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const data = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '..', 'data');

/** The figures of the flights report as plain JavaScript finds them: DuckDB only reads the file, every sum is made here. */
export interface Figures {
  readonly flights: number;
  readonly airports: number;
  readonly setAside: number;
  readonly lateAirports: readonly {
    readonly airport: string;
    readonly city: string;
    readonly flights: number;
    readonly mean_delay: number;
    readonly late_percent: number;
  }[];
  readonly worstHour: { readonly hour: number; readonly late_percent: number };
  readonly rainAndDelays: readonly { readonly city: string; readonly correlation: number }[];
}

/** With the defaults of the example's parameters. */
export async function flightsFigures(): Promise<Figures> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const byAirport = new Tally<string>();
  const byHour = new Tally<number>();
  const byCityAndMonth = new Tally<string>();
  const origins = new Set<string>();
  let flights = 0;
  let setAside = 0;
  const cities: Readonly<Record<string, string>> = { SEA: 'Seattle', JFK: 'New York', LGA: 'New York' };
  const result = await connection.stream(
    `select epoch_ms(date)::double, delay::int, origin from read_parquet('${join(data, 'flights-3m.parquet')}')`,
  );
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [epoch, delay, origin] of chunk.getRows() as [number, number, string][]) {
      flights++;
      origins.add(origin);
      if (delay < -180) {
        setAside++;
        continue;
      }
      const date = new Date(epoch);
      byAirport.add(origin, delay);
      byHour.add(date.getUTCHours(), delay);
      const month = date.getUTCMonth() + 1;
      if (cities[origin] && month <= 6) byCityAndMonth.add(`${cities[origin]} ${month}`, delay);
    }
  }
  const cityOf = new Map(csv('airports.csv').map((row) => [row.iata, row.city]));
  const lateAirports = [...byAirport.rows()]
    .filter(({ count }) => count >= 20_000)
    .map(({ key, count, mean, late }) => ({
      airport: key,
      city: cityOf.get(key)!,
      flights: count,
      mean_delay: round(mean),
      late_percent: round(late),
    }))
    .sort((a, b) => b.late_percent - a.late_percent || (a.airport < b.airport ? -1 : 1))
    .slice(0, 5);
  const [worst] = [...byHour.rows()].filter(({ count }) => count >= 1_000).sort((a, b) => b.late - a.late);
  const wet = new Tally<string>();
  for (const { location, date, precipitation } of csv('weather.csv'))
    wet.add(`${location} ${Number(date!.slice(5, 7))}`, Number(precipitation) >= 1 ? 100 : 0);
  const rainAndDelays = ['New York', 'Seattle'].map((city) => {
    const pairs = [1, 2, 3, 4, 5, 6].map(
      (month) => [round(byCityAndMonth.late(`${city} ${month}`)), round(wet.mean(`${city} ${month}`))] as const,
    );
    return { city, correlation: round(correlation(pairs)) };
  });
  connection.closeSync();
  return {
    flights,
    airports: origins.size,
    setAside,
    lateAirports,
    worstHour: { hour: worst!.key, late_percent: round(worst!.late) },
    rainAndDelays,
  };
}

/** Counts, means and shares over 15 by key. */
class Tally<K> {
  private readonly cells = new Map<K, { count: number; sum: number; late: number }>();

  add(key: K, value: number): void {
    const cell = this.cells.get(key) ?? { count: 0, sum: 0, late: 0 };
    cell.count++;
    cell.sum += value;
    if (value > 15) cell.late++;
    this.cells.set(key, cell);
  }

  *rows() {
    for (const [key, { count, sum, late }] of this.cells) yield { key, count, mean: sum / count, late: (100 * late) / count };
  }

  late(key: K): number {
    const { count, late } = this.cells.get(key)!;
    return (100 * late) / count;
  }

  mean(key: K): number {
    const { count, sum } = this.cells.get(key)!;
    return sum / count;
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const n = pairs.length;
  const meanOf = (i: 0 | 1): number => pairs.reduce((sum, pair) => sum + pair[i], 0) / n;
  const [mx, my] = [meanOf(0), meanOf(1)];
  const sum = (f: (x: number, y: number) => number): number => pairs.reduce((total, [x, y]) => total + f(x - mx, y - my), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

function csv(file: string): Record<string, string>[] {
  const [header, ...lines] = readFileSync(join(data, file), 'utf8').trim().split(/\r?\n/);
  const names = header!.split(',');
  // Names with commas stand in quotes.
  const cells = (line: string): string[] =>
    (line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? []).map((cell) => cell.replace(/,$/, '').replace(/^"|"$/g, ''));
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])));
}
