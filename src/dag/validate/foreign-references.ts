import type { Json } from '../json.js';
import { pointer } from '../json-pointer.js';
import type { Checking } from './checking.js';

/** What the names are here that expressions and templates of other tools begin with. */
const FOREIGN_REFERENCES: ReadonlyMap<string, string> = new Map([
  ['ds', 'run.ds'],
  ['ds_nodash', 'run.dsNodash'],
  ['ts', 'run.logicalDate'],
  ['ts_nodash', 'run.logicalDate'],
  ['execution_date', 'run.logicalDate'],
  ['logical_date', 'run.logicalDate'],
  ['next_execution_date', 'run.dataInterval.end'],
  ['data_interval_start', 'run.dataInterval.start'],
  ['data_interval_end', 'run.dataInterval.end'],
  ['yesterday_ds', "date(addDuration(run.dataInterval.start, '-1d'))"],
  ['tomorrow_ds', "date(addDuration(run.dataInterval.start, '1d'))"],
  ['macros', "date(ts), addDuration(ts, '1d')"],
  ['dag_run', 'run, and params for its conf'],
  ['run_id', 'run.id'],
  ['dag', 'run.dagId'],
  ['ti', 'tasks.<id>.output'],
  ['task_instance', 'tasks.<id>.output'],
  ['var', 'params, or secrets.NAME inside `with`'],
  ['conn', 'a connection of type sql, by name'],
  ['conf', 'params'],
  ['inputs', 'params'],
  ['vars', 'params'],
  ['env', 'params, or secrets.NAME inside `with`'],
  ['outputs', 'tasks.<id>.output'],
  ['steps', 'tasks.<id>.output'],
  ['needs', 'tasks.<id>.output'],
  ['nodes', 'tasks.<id>.output'],
  ['workflow', 'run and params'],
  ['execution', 'run'],
  ['trigger', 'run.trigger and params'],
  ['matrix', 'item, in a task with `expand`'],
  ['each', 'item, in a task with `expand`'],
  ['None', 'null'],
  ['True', 'true'],
  ['False', 'false'],
]);

/** Our own names, which stand in braces with a dollar sign. */
const OWN: ReadonlySet<string> = new Set(['params', 'tasks', 'run', 'item', 'index', 'attempt', 'secrets']);

/** Braces without a dollar sign before them, and the first name inside. */
const BRACES = /(?<!\$)\{\{-?\s*([A-Za-z_]\w*)[^{}]*\}\}/g;

/** ` - here that is run.ds`: what a name of another tool is called here, for the end of a message; else an empty text. */
export function foreignReference(name: string): string {
  const ours = FOREIGN_REFERENCES.get(name);
  return ours === undefined ? '' : ` - here that is ${ours}`;
}

/** Warns of templates of other tools, `{{ ds }}`, in the texts of a value: here they are text like any other. */
export function warnOfForeignTemplates(checking: Checking, value: Json, path: string): void {
  if (typeof value === 'string') {
    if (!value.includes('{{')) return;
    for (const [written, name = ''] of value.matchAll(BRACES)) {
      if (!OWN.has(name) && !FOREIGN_REFERENCES.has(name)) continue;
      checking.issues.warning(
        'foreign_template',
        path,
        `'${written.slice(0, 60)}' is text and stays as it is; an expression has a dollar sign: \${{ ... }}${foreignReference(name)}`,
      );
      return;
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value)) warnOfForeignTemplates(checking, part as Json, path + pointer(key));
  }
}
