import { EDGE_CONDITIONS } from '../../dag/spec.js';
import { EDGE_CONDITION_FACTS } from '../../dag/trigger-rule-facts.js';
import { Anything, Text } from '../field.js';

const CONDITION = {
  type: 'string' as const,
  enum: [...EDGE_CONDITIONS],
  markdownEnumDescriptions: EDGE_CONDITIONS.map((on) => EDGE_CONDITION_FACTS[on]),
};

/** The long form of an entry of `dependsOn` (R6). */
export class DependencyDto {
  @Text({ required: true, about: 'Id of the upstream task.' })
  task!: string;

  @Anything(
    { about: 'What the edge waits for; a list means any of them.', default: 'success' },
    {
      anyOf: [CONDITION, { title: 'list', type: 'array', minItems: 1, items: CONDITION }],
    },
  )
  on?: string | string[];
}
