// Reads vectors, core's sources and the module under test from the repository.

import { readdirSync, readFileSync } from 'node:fs';

const core = new URL('../../../core/', import.meta.url);

/** Returns the vector files by name. */
export function vectorFiles() {
  const names = readdirSync(new URL('vectors/', core)).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.sort().map((name) => [name, JSON.parse(coreFile(`vectors/${name}`))]));
}

/** Returns the text of a file of core. */
export function coreFile(path) {
  return readFileSync(new URL(path, core), 'utf8');
}

/**
 * Returns the module's bytes. `GRIDBID_MODULE` overrides its path, for a module with a deliberately broken rule, which the
 * vectors must detect.
 */
export function moduleBytes() {
  return readFileSync(process.env.GRIDBID_MODULE ?? new URL('../dist/gridbid.wasm', import.meta.url));
}
