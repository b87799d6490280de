// Runs the README's examples: they compile in strict TypeScript and print what their comments show.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { transformSync } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
const typescript = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);

const folder = mkdtempSync(join(tmpdir(), 'gridbid-docs-'));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
mkdirSync(join(folder, 'node_modules', '@gridbid'), { recursive: true });
symlinkSync(root, join(folder, 'node_modules', '@gridbid', 'core'));
for (const name of ['@types', 'undici-types']) {
  symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
}

/** Returns the output in an example's comments: those after and below its calls of `console.log`. */
function expectedOutput(code) {
  const lines = code.split('\n');
  return lines.flatMap((line) => {
    const [, output] = /^\/\/ (.*)$/.exec(line) ?? /console\.log\(.*\); \/\/ (.*)$/.exec(line) ?? [];
    return output === undefined ? [] : [output];
  });
}

function run(name, code) {
  writeFileSync(join(folder, name), code);
  const out = execFileSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' });
  return out.split('\n').slice(0, -1);
}

test('examples compile', () => {
  assert.equal(typescript.length, 3);
  typescript.forEach((code, index) => writeFileSync(join(folder, `example-${index}.ts`), code));
  const compilerOptions = { target: 'es2022', module: 'nodenext', types: ['node'], strict: true, noEmit: true };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [compiler, '-p', folder], { stdio: 'inherit' });
});

// The last one runs in a page.
typescript.slice(0, -1).forEach((code, index) => {
  test(`example ${index + 1} prints what its comments show`, () => {
    const expected = expectedOutput(code);
    assert.notEqual(expected.length, 0);
    assert.deepEqual(run(`example-${index}.mjs`, transformSync(code, { loader: 'ts' }).code), expected);
  });
});
