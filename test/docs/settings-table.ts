import type { Setting } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';
import { markdownTable } from './markdown-table.js';

/** The table of settings in docs/operations.md, made from the settings themselves. */
export function settingsTable(): string {
  const rows = (SETTINGS as readonly Setting[]).map(({ name, default: value, about, choices, min, max }) => {
    const range = choices
      ? ` One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.`
      : min !== undefined
        ? ` ${min} to ${max}.`
        : '';
    return [`\`${name}\``, value === undefined ? '' : `\`${value}\``, `${about}${range}`];
  });
  return markdownTable(['variable', 'default', 'what'], rows);
}
