// Checks the peer's types and bundles it into dist/index.mjs, minified, as AWS advises for a quick start.
//
// Called by `npm run build`, which `cargo xtask bench functions` runs in a copy of this folder.

import { build } from 'esbuild';

await build({
  entryPoints: ['src/index.ts'],
  outfile: 'dist/index.mjs',
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  // What is CommonJS inside the SDK asks for `require`, which an ES module does not have.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  legalComments: 'none',
  logLevel: 'warning',
});
