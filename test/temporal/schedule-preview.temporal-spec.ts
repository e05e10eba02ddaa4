import { previewAgreement, previewSeed } from '../support/preview-agreement.js';

// A tenth of schedule-preview.long-spec.ts.
previewAgreement({ pairs: 15, zones: 1, seed: previewSeed() });
