import type { Json } from '../dag/json.js';
import { TASK_TYPES, type TaskType } from '../dag/task-type.js';
import { WITH_SHAPES } from './dto/with.dto.js';
import { fieldsOf } from './field-facts.js';
import type { Schema } from './shape-schema.js';

/** What editors offer for a new task: one per type, with the fields of `with` that it needs as places to fill in. */
export function taskSnippets(): Schema[] {
  return (Object.keys(TASK_TYPES) as TaskType[]).map((type) => {
    const needed = [...fieldsOf(WITH_SHAPES[type])].filter(([, facts]) => facts.required === true);
    const fields = needed.map(([name, { element }], i): [string, Json] => {
      const place = `\${${i + 1}:${name}}`;
      return [name, element === undefined ? place : [place]];
    });
    return {
      label: `task of type ${type}`,
      description: TASK_TYPES[type].summary,
      body: { type, ...(fields.length === 0 ? {} : { with: Object.fromEntries(fields) }) },
    };
  });
}

/** What editors offer in an empty file. */
export function dagSnippets(): Schema[] {
  return [
    {
      label: 'a new DAG',
      description: 'A DAG with a parameter and one task',
      body: {
        apiVersion: 'v1',
        id: '${1:my-dag}',
        description: '${2:what it is for}',
        params: { '${3:name}': { type: 'string', default: '${4:world}' } },
        tasks: { '${5:first}': { type: 'transform', with: { value: 'Hello \\${{ params.${3:name} }}' } } },
      },
    },
  ];
}

/** What editors offer for a schedule that is a text. */
export function cronSnippets(): Schema[] {
  return [
    ['@hourly', 'at minute 0 of every hour'],
    ['@daily', 'every day at 00:00'],
    ['@weekly', 'every Sunday at 00:00'],
    ['@monthly', 'on the first of every month at 00:00'],
    ['@yearly', 'on 1 January at 00:00'],
    ['0 6 * * *', 'every day at 06:00'],
    ['0 6 * * MON-FRI', 'on working days at 06:00'],
    ['*/15 * * * *', 'every quarter of an hour'],
  ].map(([body, description]) => ({ label: body as string, description: description as string, body: `"${body}"` }));
}

/** What editors offer for a duration. */
export function durationSnippets(): Schema[] {
  return ['30s', '5m', '1h', '1h30m', '1d'].map((body) => ({ label: body, body }));
}
