import { RESOURCE_NAME } from '../../dag/resources.js';
import { SIZE_PATTERN } from '../../dag/size.js';
import type { JsonSchemaPart } from '../field.js';

/** A text around one or more expressions. */
const EXPRESSIONS = '\\$\\{\\{[\\s\\S]*\\}\\}';
const SIZE_MESSAGE = 'A size is a number with its unit, such as 512MiB or 2GiB.';

const bytes = (description: string): object => ({
  description,
  type: ['string', 'null'],
  pattern: `${SIZE_PATTERN}|${EXPRESSIONS}`,
  patternErrorMessage: SIZE_MESSAGE,
});

/** JSON Schema of `resources`: names are free, so it is no DTO. */
export const RESOURCES_SCHEMA = {
  type: 'object',
  properties: {
    cpu: {
      description: 'Processors, such as 2 or 0.5.',
      type: ['number', 'string', 'null'],
      exclusiveMinimum: 0,
      pattern: EXPRESSIONS,
      patternErrorMessage: 'A number of processors, such as 2 or 0.5.',
    },
    memory: bytes('Of one attempt, such as 512MiB or 2GiB.'),
    storage: bytes('Space for files, such as 10GiB.'),
  },
  propertyNames: { pattern: RESOURCE_NAME.source },
  additionalProperties: {
    type: ['number', 'string', 'null'],
    minimum: 0,
    pattern: `${SIZE_PATTERN}|${EXPRESSIONS}`,
    patternErrorMessage: 'A number, or a size such as 512MiB.',
  },
} as JsonSchemaPart;
