/** The entry point for Cloudflare's workerd, which does not compile bytes: it imports the module compiled. */

import { setModule } from './instance.js';
import module from './gridbid.wasm';

setModule(() => module);

export * from './api.js';
