import { EDGE_CONDITIONS } from '../../dag/spec.js';
import { Anything, Text } from '../field.js';

/** The long form of an entry of `dependsOn` (R6). */
export class DependencyDto {
  @Text({ required: true, about: 'Id of the upstream task.' })
  task!: string;

  @Anything(
    { about: 'What the edge waits for; a list means any of them. Default success.' },
    {
      anyOf: [
        { type: 'string', enum: [...EDGE_CONDITIONS] },
        { type: 'array', minItems: 1, items: { type: 'string', enum: [...EDGE_CONDITIONS] } },
      ],
    },
  )
  on?: string | string[];
}
