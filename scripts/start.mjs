/** `npm start`: prepares what is missing, then runs the service until it is stopped (Ctrl-C). */
import { main, prepare } from './bootstrap.mjs';
import { spawnService } from './service.mjs';

await main(async () => {
  await prepare();
  const service = spawnService();
  // A terminal's Ctrl-C reaches the service by itself, a second copy does no harm; SIGTERM comes to us alone.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => service.kill(signal));
  process.exitCode = await new Promise((resolve) => {
    service.on('error', () => resolve(1));
    service.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
});
