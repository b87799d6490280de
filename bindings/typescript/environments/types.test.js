// The package's description and types, as linters and compilers of several generations see them.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeConsumer, pack, runTool } from './consumer.js';

const USE = `import { dayReport, parseOrders, validateOrderStream, type Order, type Report } from '@gridbid/core';
const orders: Order[] = parseOrders(new Uint8Array(2)).toArray();
declare const chunks: AsyncIterable<Uint8Array>;
export const report: Promise<Report> = validateOrderStream(chunks, { limits: { orders: orders.length } });
export const power: string = dayReport([]).total_power;
`;
const INIT = `import { initialize, validateOrders } from '@gridbid/core/init';
export const total: Promise<number> = initialize(fetch('/gridbid.wasm')).then(() => validateOrders('[]').total);
`;
const DOM = ['es2022', 'dom'];

for (const [compiler, name, file, options] of [
  ['typescript-5', 'moduleResolution node', 'use.ts', { module: 'commonjs', moduleResolution: 'node' }],
  ['typescript-5', 'moduleResolution node16, CommonJS', 'use.cts', { module: 'node16' }],
  ['typescript-5', 'moduleResolution node16, ES module', 'use.mts', { module: 'node16' }],
  ['typescript-5', 'moduleResolution bundler', 'use.ts', { module: 'esnext', moduleResolution: 'bundler' }],
  ['typescript', 'moduleResolution nodenext, CommonJS', 'use.cts', { module: 'nodenext' }],
  ['typescript', 'moduleResolution nodenext, ES module', 'use.mts', { module: 'nodenext' }],
  ['typescript', 'moduleResolution bundler', 'use.ts', { module: 'esnext', moduleResolution: 'bundler' }],
]) {
  test(`${compiler}, ${name}`, () => {
    const folder = makeConsumer(`types-${compiler}-${name.replace(/\W+/g, '-')}`);
    for (const [part, source, lib] of [['main', USE, ['es2022']], ['init', INIT, DOM]]) {
      mkdirSync(join(folder, part));
      writeFileSync(join(folder, part, file), source);
      const compilerOptions = { target: 'es2022', types: [], strict: true, skipLibCheck: false, noEmit: true, lib, ...options };
      writeFileSync(join(folder, part, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
      runTool(`${compiler}/bin/tsc`, ['-p', part], folder);
    }
  });
}

test('publint finds nothing', () => {
  assert.match(runTool('publint/src/cli.js', ['--strict', pack()], join(pack(), '..')), /All good!/);
});

test('arethetypeswrong finds nothing', () => {
  runTool('@arethetypeswrong/cli/dist/index.js', [pack(), '--exclude-entrypoints', 'gridbid.wasm', '--no-color'], join(pack(), '..'));
});
