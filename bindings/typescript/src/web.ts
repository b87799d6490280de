/**
 * The package's entry everywhere but in Node: the module is fetched from beside this file, or from where the bundler put it,
 * before the import is done.
 */

import { provide } from './instance.js';

const response = await fetch(new URL('./gridbid.wasm', import.meta.url));
if (!response.ok) throw new Error(`${response.url} cannot be had: ${response.status} ${response.statusText}`);
// A server that does not know the type of the file is no reason to fail.
const isTyped = response.headers.get('content-type')?.startsWith('application/wasm') === true;
provide(await (isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())));

export * from './api.js';
