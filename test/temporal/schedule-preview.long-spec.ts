import { previewAgreement, previewSeed } from '../support/preview-agreement.js';

previewAgreement({ pairs: 300, zones: 7, seed: previewSeed() });
