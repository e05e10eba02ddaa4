import { didYouMean } from '../dag/suggest.js';
import { LATER_TASK_TYPES, TASK_TYPES, type TaskType } from '../dag/task-type.js';

/** What to write instead of a type of another tool. */
interface OurType {
  readonly type: TaskType | (typeof LATER_TASK_TYPES)[number];
  /** More to know of it. */
  readonly note?: string;
}

const PROGRAM: OurType = { type: 'shell' };
const NOTHING: OurType = { type: 'noop' };
const CHOICE: OurType = { type: 'branch' };
const SENSOR: OurType = { type: 'wait' };
const REQUEST: OurType = { type: 'http' };
const PERSON: OurType = { type: 'approval' };

/** Names of types that other tools use, in small letters, without a trailing `operator`, `sensor`, `task` or `decorator`. */
const FOREIGN_TYPES: ReadonlyMap<string, OurType> = new Map<string, OurType>([
  ['bash', PROGRAM],
  ['sh', PROGRAM],
  ['ssh', PROGRAM],
  ['cmd', PROGRAM],
  ['command', PROGRAM],
  ['script', PROGRAM],
  ['exec', PROGRAM],
  ['container', PROGRAM],
  ['docker', PROGRAM],
  ['kubernetespod', { type: 'activity', note: 'on a queue of its own' }],
  ['py', { type: 'python' }],
  ['pythonvirtualenv', { type: 'python', note: 'with `requirements`' }],
  ['externalpython', { type: 'python' }],
  ['function', { type: 'activity' }],
  ['lambda', { type: 'activity' }],
  ['dummy', NOTHING],
  ['empty', NOTHING],
  ['pass', NOTHING],
  ['start', NOTHING],
  ['end', NOTHING],
  ['join', { type: 'noop', note: 'with a `triggerRule` or a `join`' }],
  ['branchpython', CHOICE],
  ['shortcircuit', { type: 'branch', note: 'with one case, or a `when` on the next task' }],
  ['switch', CHOICE],
  ['choice', CHOICE],
  ['condition', CHOICE],
  ['if', CHOICE],
  ['simplehttp', REQUEST],
  ['rest', REQUEST],
  ['request', REQUEST],
  ['webhook', REQUEST],
  ['email', { type: 'http', note: 'to the mail service' }],
  ['slack', { type: 'http', note: 'to its webhook' }],
  ['postgres', { type: 'sql', note: 'with a `connection`' }],
  ['postgresql', { type: 'sql', note: 'with a `connection`' }],
  ['duckdb', { type: 'sql' }],
  ['sqlexecutequery', { type: 'sql' }],
  ['query', { type: 'sql' }],
  ['sensor', SENSOR],
  ['triggerdagrun', { type: 'trigger' }],
  ['triggerdag', { type: 'trigger' }],
  ['subflow', { type: 'trigger', note: 'or `dag`, as a part of this run' }],
  ['externaltask', { type: 'wait', note: 'with `run`' }],
  ['httpsensor', { type: 'wait', note: 'with `http`' }],
  ['sqlsensor', { type: 'wait', note: 'with `sql`' }],
  ['s3key', { type: 'wait', note: 'with `file`' }],
  ['file', { type: 'wait', note: 'with `file`' }],
  ['timedelta', { type: 'wait', note: 'with `duration`' }],
  ['datetime', { type: 'wait', note: 'with `until`' }],
  ['sleep', { type: 'wait', note: 'with `duration`' }],
  ['delay', { type: 'wait', note: 'with `duration`' }],
  ['timer', { type: 'wait', note: 'with `duration`' }],
  ['suspend', PERSON],
  ['human', PERSON],
  ['manual', PERSON],
  ['hitl', PERSON],
  ['subdag', { type: 'dag' }],
  ['subflow', { type: 'dag' }],
  ['subworkflow', { type: 'dag' }],
  ['workflow', { type: 'dag' }],
  ['taskgroup', { type: 'dag', note: 'with `tasks`' }],
  ['group', { type: 'dag', note: 'with `tasks`' }],
  ['triggerdagrun', { type: 'trigger', note: 'which comes later; `dag` runs a DAG as a part of this one' }],
  ['sqlcheck', { type: 'quality', note: 'which comes later' }],
  ['expression', { type: 'transform' }],
  ['set', { type: 'transform' }],
  ['map', { type: 'dag', note: 'with `expand`; any type but branch may be a map' }],
]);

/** ` - here that is 'shell'` for `BashOperator`, ` - did you mean 'http'?` for `htp`, else an empty text: for the end of a message. */
export function meantType(written: string): string {
  const ours = ourType(written);
  if (ours === undefined) return didYouMean(written, [...Object.keys(TASK_TYPES), ...LATER_TASK_TYPES]);
  return ` - here that is '${ours.type}'${ours.note === undefined ? '' : `, ${ours.note}`}`;
}

function ourType(theirs: string): OurType | undefined {
  const name = theirs.toLowerCase().replace(/[^a-z0-9]/g, '');
  const plain = name.replace(/(operator|sensor|task|decorator)$/, '');
  const known = FOREIGN_TYPES.get(name) ?? FOREIGN_TYPES.get(plain);
  return known ?? (plain !== name && Object.hasOwn(TASK_TYPES, plain) ? { type: plain as TaskType } : undefined);
}
