/**
 * The entry point for browsers and other hosts: fetches `gridbid.wasm` from the folder of this file, or from
 * where the bundler put it. The import completes when it is compiled.
 */

import { setModule } from './instance.js';

const response = await fetch(new URL('./gridbid.wasm', import.meta.url));
if (!response.ok) throw new Error(`cannot fetch ${response.url}: ${response.status} ${response.statusText}`);
// `compileStreaming` requires the media type, which not every server sends.
const isWasmMediaType = response.headers.get('content-type')?.startsWith('application/wasm') === true;
setModule(await (isWasmMediaType ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())));

export * from './api.js';
