/**
 * The entry point without the module, for hosts that load `@gridbid/core/gridbid.wasm` themselves, such as a page that
 * compiles it while it downloads.
 */

import * as core from './instance.js';

export * from './api.js';

/** core's module: compiled, as bytes, or as the response of a `fetch`. */
export type ModuleSource = WebAssembly.Module | BufferSource | Response;

/** Instantiates core's module. Other functions can be called once the promise is fulfilled. */
export async function initialize(module: ModuleSource | Promise<ModuleSource>): Promise<void> {
  await core.initialize(module);
}
