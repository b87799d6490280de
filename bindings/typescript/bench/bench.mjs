// Measures @gridbid/core against JSON.parse and schema libraries on the same requests, and prints medians as JSON.
//
// Subjects take turns, so that a machine that is busy for a while is busy for all of them. Whoever checks tells every
// violation, sentences included; whoever hands out orders has each field of each read. Called by `cargo xtask bench core`:
//
//   node bench.mjs [--orders 1,100] [--milliseconds 400] [--as text|bytes] [--inputs folder] [--write-inputs folder]
//
// Requests are strings unless they come `--as bytes`, which is what a socket gives; JSON.parse then has them decoded first.
// `--write-inputs` writes the requests as files (`100-ascii-valid.json`) for other languages to be measured on, and
// measures nothing; `--inputs` reads them from there.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { parseOrders, validateOrders } from '../dist/node.js';
import { COUNTS, KINDS, request, wrongs } from './inputs.mjs';
import { CANNOT, PEERS } from './peers.mjs';

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: COUNTS.join(',') },
    as: { type: 'string', default: 'text' },
    milliseconds: { type: 'string', default: '400' },
    inputs: { type: 'string' },
    'write-inputs': { type: 'string' },
  },
});
const counts = values.orders.split(',').map(Number);
const patience = Number(values.milliseconds);
if (!['text', 'bytes'].includes(values.as)) throw new Error('requests come as text or as bytes');

const MOST = 4_294_967_295;
/** Limits for what is more than one request may hold; what fits into one is read with the defaults, as a service does. */
const AMPLE = { limits: { orders: MOST, bytes: MOST, listed: MOST } };
const US = '@gridbid/core';

/** What is read of orders, so that no engine finds out that they are not needed. */
let read = 0;

function readAll(orders) {
  for (const { record_id: id, parameter_1: text, parameter_2: amount } of orders) {
    read += id.length + text.length + (amount === '' ? 0 : 1);
  }
}

/** What is measured: a task, who does it, and how; each answers how many violations it told. */
function subjects(orders, isValid) {
  const options = orders > 100 ? AMPLE : undefined;
  const check = (text) => {
    const { violations } = validateOrders(text, options);
    return violations.length;
  };
  const objects = (use) => (text) => {
    try {
      use(parseOrders(text, options));
      return 0;
    } catch (error) {
      return error.report.violations.length;
    }
  };
  return [
    ['JSON.parse', 'JSON.parse', (text) => wrongs(JSON.parse(text).length, isValid)],
    ['validate', US, check],
    ['validate, violations not read', US, (text) => validateOrders(text, options).total],
    ['objects', US, objects(readAll)],
    ['objects, as an array', US, objects((orders) => readAll(orders.toArray()))],
    ['objects, one field read', US, objects((orders) => void (read += orders.column('record_id').length))],
    ['objects, none read', US, objects((orders) => void (read += orders.length))],
    ...Object.entries(PEERS).flatMap(([name, peer]) => [
      ['validate', name, (text) => peer(text).total],
      ['objects', name, (text) => {
        const { orders, total } = peer(text);
        if (total === 0) readAll(orders);
        return total;
      }],
    ]),
  ];
}

const median = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1];

/** Microseconds for one call, as the median of many measurements. */
function measured(input, tasks) {
  const rounds = tasks.map(([, , run]) => {
    let times = 1;
    // What is compiled late is not measured, and a clock's tick is short beside what is.
    for (const end = performance.now() + patience / 8; performance.now() < end; ) {
      const began = performance.now();
      for (let time = 0; time < times; time += 1) run(input);
      if (performance.now() - began < 1) times *= 2;
    }
    return { run, times, taken: [] };
  });
  for (const end = performance.now() + patience * tasks.length; performance.now() < end || rounds[0].taken.length < 7; ) {
    for (const { run, times, taken } of rounds) {
      const began = performance.now();
      for (let time = 0; time < times; time += 1) run(input);
      taken.push(((performance.now() - began) * 1_000) / times);
    }
  }
  return rounds.map(({ taken }) => median(taken));
}

const name = (orders, text, isValid) => `${orders}-${text}-${isValid ? 'valid' : 'invalid'}.json`;
const results = [];
for (const orders of counts) {
  for (const text of KINDS) {
    for (const isValid of [true, false]) {
      if (values['write-inputs'] !== undefined) {
        mkdirSync(values['write-inputs'], { recursive: true });
        writeFileSync(join(values['write-inputs'], name(orders, text, isValid)), request(orders, text, isValid));
        continue;
      }
      const body =
        values.inputs === undefined
          ? request(orders, text, isValid)
          : readFileSync(join(values.inputs, name(orders, text, isValid)), 'utf8');
      const input = values.as === 'bytes' ? Buffer.from(body) : body;
      const tasks = subjects(orders, isValid);
      const expected = wrongs(orders, isValid);
      for (const [task, who, run] of tasks) {
        const told = run(input);
        if (told !== expected) throw new Error(`${who}, ${task}: ${told} violations told, not ${expected}`);
      }
      const bytes = Buffer.byteLength(body);
      measured(input, tasks).forEach((microseconds, at) => {
        const [task, subject] = tasks[at];
        results.push({ orders, text, as: values.as, valid: isValid, bytes, task, subject, microseconds: Number(microseconds.toPrecision(4)) });
      });
      process.stderr.write(`${name(orders, text, isValid)}\n`);
    }
  }
}
if (read < 0) throw new Error('no length is negative');

if (values['write-inputs'] === undefined) {
  const version = (package_) => JSON.parse(readFileSync(new URL(`node_modules/${package_}/package.json`, import.meta.url))).version;
  const versions = Object.fromEntries(['ajv', 'zod', 'valibot', '@sinclair/typebox'].map((peer) => [peer, version(peer)]));
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, v8: process.versions.v8 };
  process.stdout.write(`${JSON.stringify({ unit: 'microseconds per batch, median', machine, versions, cannot: CANNOT, results }, null, 1)}\n`);
}
