// core's module: its imports and exports, its size, and the glue that wasm-bindgen generates for it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import * as glue from '../dist/gridbid_wasm.js';
import { moduleBytes } from './repository.js';

const module = new WebAssembly.Module(moduleBytes());

test('module imports only the function that a host without its glue can replace by one that does nothing', () => {
  const imports = [{ module: './gridbid_wasm_bg.js', name: '__wbindgen_init_externref_table', kind: 'function' }];
  assert.deepEqual(WebAssembly.Module.imports(module), imports);
});

test('module exports the memory and functions of numbers', () => {
  const exports = WebAssembly.Module.exports(module).filter(({ name }) => !name.startsWith('__'));
  assert.deepEqual(exports.map(({ name, kind }) => `${kind} ${name}`).sort(), [
    'function gridbid_abi',
    'function gridbid_canonical',
    'function gridbid_check',
    'function gridbid_day',
    'function gridbid_decision',
    'function gridbid_input',
    'function gridbid_join',
    'function gridbid_parse',
    'function gridbid_results',
    'memory memory',
  ]);
  // Python alone calls the other two.
  const bound = Object.keys(glue).filter((name) => name.startsWith('gridbid_'));
  assert.deepEqual(bound.sort(), exports.map(({ name }) => name).filter((name) => name in glue).sort());
  assert.equal(bound.length, 7);
});

test('module has at most 48 KB gzipped', () => {
  assert.ok(gzipSync(moduleBytes(), { level: 9 }).length <= 48 * 1024);
});

test('glue needs nothing that a host may lack', () => {
  const source = readFileSync(new URL('../dist/gridbid_wasm.js', import.meta.url), 'utf8');
  assert.doesNotMatch(source, /TextDecoder|TextEncoder|import\.meta/);
});
