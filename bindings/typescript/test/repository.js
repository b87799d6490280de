// What the tests read of the repository that the package stands in: vectors, core's sources, the module under test.

import { readdirSync, readFileSync } from 'node:fs';

const core = new URL('../../../core/', import.meta.url);

/** Every file of vectors by its name. */
export function vectorFiles() {
  const names = readdirSync(new URL('vectors/', core)).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.sort().map((name) => [name, JSON.parse(coreFile(`vectors/${name}`))]));
}

/** The text of a file of core. */
export function coreFile(path) {
  return readFileSync(new URL(path, core), 'utf8');
}

/**
 * The module's bytes. `GRIDBID_MODULE` names another file than the package's own: a module with a rule broken on purpose,
 * with which the vectors have to fail.
 */
export function moduleBytes() {
  return readFileSync(process.env.GRIDBID_MODULE ?? new URL('../dist/gridbid.wasm', import.meta.url));
}
