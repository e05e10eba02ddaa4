import { resolve } from 'node:path';
import type { ConfigProblem } from './config-error.js';
import type { Setting } from './setting.js';
import { SETTINGS, type SettingName } from './settings.js';

/** Environment as it came: `process.env` or a test's own. */
export type Environment = { readonly [name: string]: string | undefined };

const UNIT_MS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads settings out of an environment and collects every problem instead of stopping at the first. An empty variable
 * counts as unset, as compose files leave them.
 */
export class SettingReader {
  readonly problems: ConfigProblem[] = [];
  constructor(private readonly env: Environment) {}

  /** As text, or its default; `undefined` when neither is there. */
  raw(name: SettingName): string | undefined {
    const value = this.env[name]?.trim();
    return value ? value : settingOf(name).default;
  }

  text(name: SettingName): string {
    return this.raw(name) ?? '';
  }

  path(name: SettingName): string | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : resolve(value);
  }

  list(name: SettingName): string[] {
    const items = [
      ...new Set(
        (this.raw(name) ?? '')
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      ),
    ];
    const { choices } = settingOf(name);
    const unknown = choices && items.filter((item) => !choices.includes(item));
    if (unknown?.length)
      this.problem(
        name,
        `${unknown.join(', ')} is not known; write one or more of ${choices!.join(', ')}, separated by commas.`,
      );
    return items;
  }

  integer(name: SettingName): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = settingOf(name);
    return this.number(name, min, max, `write a whole number from ${min} to ${max}.`);
  }

  port(name: SettingName): number {
    return this.number(name, 0, 65_535, 'write a port from 1 to 65535, or 0 to pick a free one.');
  }

  duration(name: SettingName): number {
    const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(this.text(name)) ?? [];
    if (count && unit) return Number(count) * UNIT_MS[unit]!;
    this.problem(name, 'write a duration such as 90s, 10m, 12h or 30d.');
    return 0;
  }

  boolean(name: SettingName): boolean {
    const value = this.text(name).toLowerCase();
    if (['true', '1', 'yes'].includes(value)) return true;
    if (!['false', '0', 'no'].includes(value)) this.problem(name, 'write true or false.');
    return false;
  }

  choice<T extends string>(name: SettingName): T {
    const value = this.text(name);
    const choices = settingOf(name).choices ?? [];
    if (!choices.includes(value)) this.problem(name, `write one of ${choices.join(', ')}.`);
    return value as T;
  }

  problem(name: SettingName, fix: string): void {
    this.problems.push({ variable: name, value: this.raw(name) ?? '', fix });
  }

  private number(name: SettingName, min: number, max: number, fix: string): number {
    const value = this.text(name);
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= min && number <= max) return number;
    this.problem(name, fix);
    return min;
  }
}

function settingOf(name: SettingName): Setting {
  return SETTINGS.find((setting) => setting.name === name)!;
}
