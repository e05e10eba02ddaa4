import { Ajv } from 'ajv';
import { specSchema } from '../../src/spec/spec-schema.js';

/** Keywords that only editors read. */
const FOR_EDITORS = [
  'markdownDescription',
  'markdownEnumDescriptions',
  'patternErrorMessage',
  'defaultSnippets',
  'doNotSuggest',
];

/** The JSON Schema of specs, held by a validator that is not ours and takes no keyword that it does not know. */
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false }).addVocabulary(FOR_EDITORS);
const validate = ajv.compile(specSchema());

/** What breaks the JSON Schema of specs, as `path: message`; empty for a spec that conforms. */
export function schemaProblems(spec: unknown): string[] {
  if (validate(spec)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}
