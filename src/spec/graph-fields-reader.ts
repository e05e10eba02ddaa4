import type { IssueList } from '../dag/issue-list.js';
import { pointer } from '../dag/json-pointer.js';
import { JoinDto } from './dto/join.dto.js';
import { describe, isMap, type ShapeReader } from './shape-reader.js';

type Fields = { [name: string]: unknown };

/** The shapes of `join`, `teardown` and `dependsOnPast`, which have several each; names of fields that are wrong are taken out and returned. */
export function readGraphFields(reader: ShapeReader, issues: IssueList, fields: Fields, path: string): string[] {
  const lost: string[] = [];
  const { join, teardown } = fields;
  // A text is an expression: its meaning is checked later.
  if (join !== undefined && typeof join !== 'string') {
    fields.join = undefined;
    if (isMap(join)) {
      const shaped = reader.read(JoinDto, join, `${path}/join`);
      if (shaped?.faulty.size === 0) fields.join = shaped.fields;
    } else
      issues.error('wrong_type', `${path}/join`, `must be {minSuccess} or an expression over states, not ${describe(join)}`);
    if (fields.join === undefined) lost.push('join');
  }
  if (teardown !== undefined && typeof teardown !== 'boolean' && !isTextList(teardown)) {
    const wanted = 'must be true or a list of the ids of its setups';
    if (Array.isArray(teardown) && teardown.length === 0)
      issues.error('invalid_value', `${path}/teardown`, `${wanted}, not an empty list`);
    else issues.error('wrong_type', `${path}/teardown`, `${wanted}, not ${describe(teardown)}`);
    fields.teardown = undefined;
    lost.push('teardown');
  }
  readPast(issues, fields, path);
  return lost;
}

/** The shape of `dependsOnPast`; a wrong one is taken out. */
export function readPast(issues: IssueList, fields: Fields, path: string): void {
  const { dependsOnPast } = fields;
  if (dependsOnPast === undefined || dependsOnPast === null || typeof dependsOnPast === 'boolean' || isTextList(dependsOnPast))
    return;
  const wanted = 'must be true or a list of ids of tasks';
  if (Array.isArray(dependsOnPast) && dependsOnPast.length === 0)
    issues.error('invalid_value', `${path}/dependsOnPast`, `${wanted}, not an empty list`);
  else issues.error('wrong_type', `${path}/dependsOnPast`, `${wanted}, not ${describe(dependsOnPast)}`);
  fields.dependsOnPast = undefined;
}

/** Whether the conditions of a branch's cases are conditions. */
export function areCases(issues: IssueList, cases: unknown, path: string): boolean {
  let fine = true;
  for (const [index, { when }] of (cases as { readonly when: unknown }[]).entries()) {
    if (typeof when === 'string' || typeof when === 'boolean') continue;
    const wanted = 'must be an expression "${{ ... }}", true or false';
    issues.error('wrong_type', `${path}${pointer(index)}/when`, `${wanted}, not ${describe(when)}`);
    fine = false;
  }
  return fine;
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
