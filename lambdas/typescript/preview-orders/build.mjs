// Bundles the function into dist/, the content of its zip: one script, which contains core's WASM module.
//
// The build is reproducible: the same sources give the same bytes, in any folder.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(fileURLToPath(import.meta.resolve('@gridbid/core')))) {
  console.error('@gridbid/core is not built: run `npm run build` in bindings/typescript first');
  process.exit(1);
}
const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

rmSync(new URL('dist', import.meta.url), { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: ['src/index.ts'],
  outfile: 'dist/index.mjs',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  define: { VERSION: JSON.stringify(version) },
  legalComments: 'none',
  logLevel: 'warning',
});
