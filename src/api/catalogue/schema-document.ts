import { createHash } from 'node:crypto';
import { specSchema } from '../../spec/spec-schema.js';

/** The JSON Schema of specs as it is sent, and the hash that names it. The same for as long as the service runs. */
export class SchemaDocument {
  readonly text = JSON.stringify(specSchema());
  readonly sha256 = createHash('sha256').update(this.text).digest('hex');
}
