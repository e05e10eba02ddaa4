import { Injectable, type PipeTransform } from '@nestjs/common';
import { ID_PATTERN } from '../../dag/validate/edges.js';
import { parseRunId } from '../../temporal/run-id.js';
import { Problem } from '../errors/problem.js';
import { MAX_RUN_ID, type RunName } from '../runs/run-id.js';

const ALPHABET = 'letters, digits, "_", "." and "-", at most 128, beginning with a letter or digit';

/** Checks a DAG id before it reaches a path, a query or a page. */
@Injectable()
export class DagIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (ID_PATTERN.test(value)) return value;
    throw new Problem('invalid_id', `The DAG id is not well formed: it is made of ${ALPHABET}.`);
  }
}

/** Checks a task id; ids of nested tasks have `/` between their parts. */
@Injectable()
export class TaskIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (value.length <= 1024 && value.split('/').every((part) => ID_PATTERN.test(part))) return value;
    throw new Problem('invalid_id', `The task id is not well formed: each part is made of ${ALPHABET}.`);
  }
}

/** Checks a run id and takes it apart (R2). */
@Injectable()
export class RunIdPipe implements PipeTransform<string, RunName> {
  transform(value: string): RunName {
    const parts = value.length <= MAX_RUN_ID ? parseRunId(value) : undefined;
    if (parts) return { runId: value, ...parts };
    throw new Problem(
      'invalid_id',
      'The run id is not well formed: it is <dagId>-<YYYY-MM-DDTHH:MM:SSZ> or <dagId>@<key>, and of a SubDAG that, `/` and its task.',
    );
  }
}

/** Checks the id of a backfill. */
@Injectable()
export class BackfillIdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (ID_PATTERN.test(value)) return value;
    throw new Problem('invalid_id', `The id of a backfill is not well formed: it is made of ${ALPHABET}.`);
  }
}

/** Checks a version number: whole, from 1. */
@Injectable()
export class VersionPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
    throw new Problem('invalid_id', 'A version is a whole number from 1.');
  }
}
