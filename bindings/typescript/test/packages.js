// Copies of the built package with another module.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pathToFileURL } from 'node:url';

import { withEmbedded } from './modules.js';

const dist = new URL('../dist/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'gridbid-packages-'));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
after(() => rmSync(folder, { recursive: true, force: true }));
let copies = 0;

/** Imports a copy of the package that contains this module. */
export async function importWith(module) {
  const copy = join(folder, String((copies += 1)));
  cpSync(dist, copy, { recursive: true });
  writeFileSync(join(copy, 'embedded.js'), embeddedWith(module));
  return import(pathToFileURL(join(copy, 'index.js')).href);
}

/** Returns the script that contains the module, with this one. */
export function embeddedWith(module) {
  return withEmbedded(readFileSync(new URL('embedded.js', dist), 'utf8'), () => module);
}
