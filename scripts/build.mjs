/** `npm run build`: compiles and bundles, from a clone without node_modules too. */
import { main, prepare } from './bootstrap.mjs';

await main(prepare);
