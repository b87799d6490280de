/** The entry point for Node: loads the module from the folder of this file, or of the bundle that contains it. */

import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';

import { setModule } from './instance.js';

setModule(
  new WebAssembly.Module(readFileSync(new URL('./gridbid.wasm', import.meta.url))),
  // `indexOf` runs at memory speed; the engines' own `isWellFormed` is forty times slower.
  (bytes, byte) => Buffer.prototype.indexOf.call(bytes, byte) >= 0,
);

export * from './api.js';
