/** The worker process: works on runs and serves no HTTP, whatever BATON_ROLE says. */
import 'reflect-metadata';
import { runProcess } from './run-process.js';

await runProcess('worker');
