/** The process: REST interface and worker, or one of them, by BATON_ROLE. */
import 'reflect-metadata';
import { runProcess } from './run-process.js';

await runProcess();
