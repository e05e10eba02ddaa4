import type { RunHead, TaskRecord } from '../contract.js';

/** Lines of one list in the Web UI; the rest is counted. */
const SHOWN = 20;

/** The state of the run as Markdown for the Web UI: lists, since its tables are young. */
export function runDetails(
  head: RunHead,
  tasks: { readonly running: readonly string[]; readonly noticed: readonly TaskRecord[] },
): string {
  const counts = Object.entries(head.counts)
    .map(([state, n]) => `${n} ${state}`)
    .join(' · ');
  const lines = [`**${head.state}** · ${counts}`];
  if (head.failure !== undefined) lines.push('', head.failure.message);
  list(lines, 'Failed', head.failedTasks ?? []);
  list(lines, 'Running', tasks.running);
  list(
    lines,
    'Waiting',
    tasks.noticed.map((task) => `${task.taskId}: ${task.notice}`),
  );
  return lines.join('\n');
}

function list(lines: string[], title: string, items: readonly string[]): void {
  if (items.length === 0) return;
  lines.push('', `**${title}**`, ...items.slice(0, SHOWN).map((item) => `- ${item}`));
  if (items.length > SHOWN) lines.push(`- … and ${items.length - SHOWN} more`);
}
