import { temporalBinary } from './temporal-binary.js';

/**
 * Finds or fetches the Temporal CLI once per run of the tests, before any file of them starts a server; services that tests start
 * as processes of their own use the same one.
 */
export default async function setup(): Promise<void> {
  process.env.BATON_TEST_TEMPORAL_BIN ||= await temporalBinary();
  process.env.BATON_TEMPORAL_BIN ||= process.env.BATON_TEST_TEMPORAL_BIN;
}
