// Measures @gridbid/core against JSON.parse and schema libraries on the same requests, and prints medians as JSON.
//
// Subjects take turns, so that other load on the machine affects all of them alike. Every checker reports all violations
// with messages; for subjects that return orders, every field of each order is read. `cargo xtask bench core` runs it:
//
//   node bench.mjs [--only WORD] [--milliseconds 400] [--as text|bytes] [--inputs folder] [--write-inputs folder]
//
// `--only` selects requests by a part of their names (`100-ascii-valid`). Requests are strings by default. `--as bytes` passes bytes, as a socket does, which JSON.parse decodes first.
// `--write-inputs` only writes the requests to files (`100-ascii-valid.json`), so that other languages measure the same ones;
// `--inputs` reads them.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { parseOrders, validateOrders } from '../dist/index.js';
import { COUNTS, KINDS, countInvalid, request } from './inputs.mjs';
import { CANNOT, PEERS } from './peers.mjs';
import { SHAPES, countOrders, isValidShape, shapedRequest } from './shapes.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    as: { type: 'string', default: 'text' },
    milliseconds: { type: 'string', default: '400' },
    inputs: { type: 'string' },
    'write-inputs': { type: 'string' },
  },
});
const budgetMs = Number(values.milliseconds);
if (!['text', 'bytes'].includes(values.as)) throw new Error('`--as` must be text or bytes');

const MAX_U32 = 4_294_967_295;
/** For batches above the default limits; smaller ones use the defaults, as a service does. */
const NO_LIMITS = { limits: { orders: MAX_U32, bytes: MAX_U32, listed: MAX_U32 } };
const OURS = '@gridbid/core';

/** Sum over everything read, so that no engine can remove the reads. */
let read = 0;

function readAll(orders) {
  for (const { record_id: id, parameter_1: text, parameter_2: amount } of orders) {
    read += id.length + text.length + (amount === '' ? 0 : 1);
  }
}

/** Returns the measured calls as task, subject and function; each function returns its number of violations. */
function subjects(orders, isValid) {
  const options = orders > 100 ? NO_LIMITS : undefined;
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
    ['JSON.parse', 'JSON.parse', (text) => countInvalid(JSON.parse(text).length, isValid)],
    ['validate', OURS, check],
    ['validate, violations not read', OURS, (text) => validateOrders(text, options).total],
    ['objects', OURS, objects(readAll)],
    ['objects, as an array', OURS, objects((orders) => readAll(orders.toArray()))],
    ['objects, one field read', OURS, objects((orders) => void (read += orders.column('record_id').length))],
    ['objects, none read', OURS, objects((orders) => void (read += orders.length))],
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

/** Returns the median microseconds of a call for each task. */
function measure(input, tasks) {
  const rounds = tasks.map(([, , run]) => {
    let times = 1;
    // Warms up the JIT, and finds a number of calls that takes at least a millisecond.
    for (const end = performance.now() + budgetMs / 8; performance.now() < end; ) {
      const began = performance.now();
      for (let time = 0; time < times; time += 1) run(input);
      if (performance.now() - began < 1) times *= 2;
    }
    return { run, times, taken: [] };
  });
  for (const end = performance.now() + budgetMs * tasks.length; performance.now() < end || rounds[0].taken.length < 7; ) {
    for (const { run, times, taken } of rounds) {
      const began = performance.now();
      for (let time = 0; time < times; time += 1) run(input);
      taken.push(((performance.now() - began) * 1_000) / times);
    }
  }
  return rounds.map(({ taken }) => median(taken));
}

/** The requests: sizes and alphabets, valid and with 1 % invalid orders, and shapes, whose objects are not measured. */
const requests = [
  ...COUNTS.flatMap((orders) =>
    KINDS.flatMap((text) =>
      [true, false].map((valid) => ({ orders, text, valid, isShape: false, create: () => request(orders, text, valid) })),
    ),
  ),
  ...Object.keys(SHAPES).map((text) => ({
    orders: countOrders(text),
    text,
    valid: isValidShape(text),
    isShape: true,
    create: () => shapedRequest(text),
  })),
].map((request) => ({ ...request, name: `${request.orders}-${request.text}-${request.valid ? 'valid' : 'invalid'}` }));

/** Whether a subject finds what it is expected to. In some shapes, peers cannot detect that orders are invalid. */
function isExpected({ orders, valid, isShape, name }, task, subject, total) {
  if (!isShape) {
    const expected = countInvalid(orders, valid);
    if (total !== expected) throw new Error(`${name}, ${subject}, ${task}: reported ${total} violations, expected ${expected}`);
    return true;
  }
  const isRight = (total === 0) === valid;
  if (subject === OURS && !isRight) throw new Error(`${name}: reported ${total} violations`);
  return isRight || subject === 'JSON.parse';
}

const results = [];
for (const request of requests.filter(({ name }) => name.includes(values.only))) {
  const { orders, text, valid, isShape, name } = request;
  if (values['write-inputs'] !== undefined) {
    mkdirSync(values['write-inputs'], { recursive: true });
    writeFileSync(join(values['write-inputs'], `${name}.json`), request.create());
    continue;
  }
  const body = values.inputs === undefined ? request.create() : readFileSync(join(values.inputs, `${name}.json`), 'utf8');
  const input = values.as === 'bytes' ? Buffer.from(body) : body;
  const tasks = subjects(orders, valid)
    .filter(([task]) => !isShape || task === 'JSON.parse' || task === 'validate')
    .filter(([task, subject, run]) => isExpected(request, task, subject, run(input)));
  const bytes = Buffer.byteLength(body);
  measure(input, tasks).forEach((microseconds, at) => {
    const [task, subject] = tasks[at];
    results.push({ orders, text, as: values.as, valid, bytes, task, subject, microseconds: Number(microseconds.toPrecision(4)) });
  });
  process.stderr.write(`${name}\n`);
}
if (read < 0) throw new Error('a sum of lengths is negative');

if (values['write-inputs'] === undefined) {
  const version = (package_) => JSON.parse(readFileSync(new URL(`node_modules/${package_}/package.json`, import.meta.url))).version;
  const versions = Object.fromEntries(['ajv', 'zod', 'valibot', '@sinclair/typebox'].map((peer) => [peer, version(peer)]));
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, v8: process.versions.v8 };
  process.stdout.write(`${JSON.stringify({ unit: 'microseconds per batch, median', machine, versions, cannot: CANNOT, results }, null, 1)}\n`);
}
