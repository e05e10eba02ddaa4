/** The activities of the examples, by the names that their specs use. `npm start` and `npm run demo` load them. */
export { fetchDataset } from './datasets.js';
export { succeedOnAttempt } from './flaky.js';
export { writeNotice } from './notices.js';
