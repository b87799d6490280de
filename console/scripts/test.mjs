// Bundles a group of tests into .build/ and runs it: `node scripts/test.mjs unit|browser|system|screenshots|measure`.
//
// The tests are TypeScript, which Node 20 does not run directly.

import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CORE = process.env.GRIDBID_CORE ?? join(ROOT, '../bindings/typescript/dist');

const [group = 'unit', ...rest] = process.argv.slice(2);
const tests = (folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`);
const GROUPS = {
  unit: () => tests('test/unit'),
  browser: () => tests('test/browser'),
  system: () => tests('test/system'),
  screenshots: () => ['test/screenshots.ts'],
  measure: () => ['test/measure.ts'],
};
const entries = GROUPS[group]?.();
if (entries === undefined) throw new Error(`there is no group ${group}: there are ${Object.keys(GROUPS).join(', ')}`);

const outdir = join(ROOT, '.build', group);
rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: entries,
  outdir,
  outbase: 'test',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // Tests use the entry of core that contains the module.
  external: ['playwright-core', 'axe-core', '@gridbid/core'],
  plugins: [
    {
      name: 'core',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^@gridbid\/core(\/init)?$/ }, () => ({ path: join(CORE, 'index.js'), external: true })),
    },
  ],
  logLevel: 'warning',
});
const files = entries.map((entry) => join(outdir, entry.replace(/^test\//, '').replace(/\.tsx?$/, '.mjs')));
const isTest = entries.every((entry) => entry.endsWith('.test.ts'));
const { status } = spawnSync(process.execPath, isTest ? ['--test', ...rest, ...files] : [...files, ...rest], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
