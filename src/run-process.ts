import type { Logger } from 'pino';
import { createLogger } from './api/logging/pino-logger.service.js';
import type { BatonConfig } from './config/config.js';
import { loadConfig } from './config/load-config.js';
import { processEnvironment } from './config/process-environment.js';
import { Service } from './service.js';
import type { Log } from './temporal/log.js';

/** Two signals closer than this are one Ctrl-C that came by two ways (the terminal's and a parent's). */
const SAME_SIGNAL_MS = 300;

/** Runs a service as the process: start, messages, signals, exit code. `role` overrules the environment. */
export async function runProcess(role?: BatonConfig['role']): Promise<void> {
  let service: Service;
  let config: BatonConfig;
  let logger: Logger;
  const stopping = new StopSignals();
  try {
    const env = processEnvironment();
    config = loadConfig(role === undefined ? env : { ...env, BATON_ROLE: role });
    logger = createLogger(config.logLevel);
    service = await Service.start(config, { logger, bootLog: bootLog(logger) });
  } catch (error) {
    fail(error);
    return;
  }
  announce(service, config);
  const failure = await Promise.race([stopping.first, service.failed.catch((error: unknown) => error)]);
  if (failure instanceof Error) fail(failure);
  else say('Stopping; press Ctrl-C again to stop at once.');
  await service.stop();
  process.exit(process.exitCode ?? 0);
}

function announce({ address, temporalUi, ready }: Service, { role, worker, temporal }: BatonConfig): void {
  if (address) say(`REST API         ${address}/api/v1   (calls: ${address}/api/docs)`);
  if (temporalUi) say(`Temporal Web UI  ${temporalUi}`);
  if (role === 'worker') say(`Working on the task queues ${worker.queues.join(', ')}`);
  if (!ready)
    say(
      `Not ready yet: waiting for ${temporal.address === undefined ? 'the workers' : `Temporal at ${temporal.address}`}; what does not answer is tried again`,
    );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A start that failed is one message. */
function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Until the service is up, what is worth waiting for is said in plain words. */
function bootLog(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (_fields, message) => process.stderr.write(`${message}\n`),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    isLevelEnabled: (level) => logger.isLevelEnabled(level),
  };
}

/** SIGINT and SIGTERM: the first one asks for a stop, the second ends the process at once. */
class StopSignals {
  readonly first: Promise<NodeJS.Signals>;

  constructor() {
    let since: number | undefined;
    this.first = new Promise((resolve) => {
      for (const [name, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
      ] as const) {
        process.on(name, () => {
          if (since === undefined) {
            since = Date.now();
            resolve(name);
          } else if (Date.now() - since > SAME_SIGNAL_MS) process.exit(code);
        });
      }
    });
  }
}
