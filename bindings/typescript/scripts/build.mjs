// Compiles TypeScript into dist/ and adds what wasm-bindgen has generated, the module in Base64, and all of it as CommonJS.
// `cargo xtask` builds the module and its glue into wasm/ beforehand.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { transformSync } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [generated, dist] = [join(root, 'wasm'), join(root, 'dist')];
const GENERATED = ['gridbid.wasm', 'gridbid_wasm.js', 'gridbid_wasm.d.ts'];
for (const name of GENERATED) {
  if (existsSync(join(generated, name))) continue;
  console.error(`wasm/${name} is missing: \`cargo xtask\` builds it from bindings/wasm`);
  process.exit(1);
}
rmSync(dist, { recursive: true, force: true });
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', root], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const name of GENERATED) copyFileSync(join(generated, name), join(dist, name));
const base64 = readFileSync(join(generated, 'gridbid.wasm'), 'base64');
writeFileSync(join(dist, 'embedded.js'), `export const base64 = '${base64}';\n`);

// CommonJS, for tools that cannot load ES modules. workerd can.
const commonJs = join(dist, 'cjs');
mkdirSync(commonJs);
writeFileSync(join(commonJs, 'package.json'), '{"type":"commonjs"}\n');
for (const name of readdirSync(dist)) {
  if (name.startsWith('workerd.')) continue;
  if (name.endsWith('.d.ts')) copyFileSync(join(dist, name), join(commonJs, name));
  if (!name.endsWith('.js')) continue;
  const { code } = transformSync(readFileSync(join(dist, name), 'utf8'), { format: 'cjs', target: 'es2022' });
  writeFileSync(join(commonJs, name), code);
}
