/** How the demo shows tasks and results: plain text, colours only on a terminal. */
const paint =
  process.stdout.isTTY && !process.env.NO_COLOR ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : (_code, text) => text;
const COLOURS = { success: 32, failed: 31, upstream_failed: 31, skipped: 90, cancelled: 33 };

/** Milliseconds as people read them: `340 ms`, `1.2 s`, `2 min 5 s`. */
export function duration(ms) {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

const instant = (value) => (typeof value === 'number' ? value : Date.parse(value));
const took = ({ startedAt, endedAt }) =>
  startedAt && endedAt ? duration(Math.max(0, instant(endedAt) - instant(startedAt))) : '';

/** What is worth a word about a task besides its state: retries and failures. */
function remark(task) {
  const failures = (task.attempts ?? []).filter((attempt) => attempt.failure);
  if (task.state === 'success' && failures.length > 0) {
    const names = failures.map(({ failure }) => failure.type ?? failure.kind).join(', ');
    return `attempt ${task.attempts.length}, after ${names}`;
  }
  return task.failure ? `${task.failure.type ?? task.failure.kind}: ${task.failure.message}` : '';
}

/** One line for a task that has just ended. */
export function row(task, done, total) {
  const width = String(total).length;
  const state = paint(COLOURS[task.state] ?? 0, task.state.padEnd(9));
  return `[${String(done).padStart(width)}/${total}] ${state} ${task.taskId.padEnd(20)} ${took(task).padStart(8)}  ${remark(task)}`.trimEnd();
}

/** The final table: every task of the run, in order of its start. */
export function showTable(tasks) {
  const begun = (task) => (task.startedAt ? instant(task.startedAt) : Number.POSITIVE_INFINITY);
  const rows = [...tasks]
    .sort((a, b) => begun(a) - begun(b) || a.taskId.localeCompare(b.taskId))
    .map((task) => ({ task: task.taskId, state: task.state, attempts: String(task.attempts?.length || ''), took: took(task) }));
  console.log('');
  printTable(rows);
}

/** The outputs of the run: lists of objects as tables, the rest as `name: value`. */
export function showResult(run) {
  for (const [name, value] of Object.entries(run.outputs ?? {})) {
    console.log(`\n${name}`);
    showValue(value);
  }
}

function showValue(value) {
  const isTable = (v) => Array.isArray(v) && v.length > 0 && v.every((item) => item !== null && typeof item === 'object');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    if (isTable(value)) printTable(value);
    else console.log(`  ${text(value)}`);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (!isTable(inner)) console.log(`  ${`${key}:`.padEnd(16)} ${text(inner)}`);
  }
  for (const [key, inner] of Object.entries(value).filter(([, v]) => isTable(v))) {
    console.log(`\n  ${key}`);
    printTable(inner);
  }
}

function text(value) {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([k, v]) => `${k} ${text(v)}`)
      .join(', ');
  return String(value ?? '');
}

function printTable(rows) {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((item) => columns.map((column) => text(item[column])));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i].length)));
  const numeric = columns.map((column) => rows.every((item) => typeof item[column] === 'number'));
  const line = (values) =>
    `  ${values.map((value, i) => (numeric[i] ? value.padStart(widths[i]) : value.padEnd(widths[i]))).join('  ')}`.trimEnd();
  console.log(line(columns));
  console.log(`  ${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const cell of cells) console.log(line(cell));
}
