// Compiles TypeScript into dist/ and copies the WASM module there. `cargo xtask` builds the module into wasm/ beforehand.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = join(root, 'wasm', 'gridbid.wasm');
if (!existsSync(module)) {
  console.error('wasm/gridbid.wasm is missing: `cargo xtask` builds it from bindings/wasm');
  process.exit(1);
}
rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', root], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
copyFileSync(module, join(root, 'dist', 'gridbid.wasm'));
