// The bundled function: its responses to events of API Gateway, and its log lines.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { initialPages, withEmbedded, withMemory } from '../../../../bindings/typescript/test/modules.js';

process.env.GRIDBID_ENVIRONMENT = 'test';
const { handler } = await import('../dist/index.mjs');

const folder = new URL('..', import.meta.url);
const read = (path) => readFileSync(new URL(path, folder), 'utf8');
const readFolder = (path) => readdirSync(new URL(path, folder)).filter((name) => name.endsWith('.rs')).map((name) => read(path + name)).join('');
const { version } = JSON.parse(read('package.json'));
const VALID = '[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]';

/** Returns an event of API Gateway. */
function event(body, members = {}) {
  const headers = { 'content-type': 'application/json' };
  return { version: '2.0', routeKey: 'POST /orders/preview', headers, body, isBase64Encoded: false, ...members };
}

/** Returns the function's result or error, and its log lines. */
async function invoke(event, handle = handler) {
  const lines = [];
  const write = process.stdout.write;
  process.stdout.write = (line) => Boolean(lines.push(line));
  try {
    const result = await handle(event, { awsRequestId: 'request-1' });
    return { result, lines: lines.map((line) => JSON.parse(line)) };
  } catch (error) {
    return { error, lines: lines.map((line) => JSON.parse(line)) };
  } finally {
    process.stdout.write = write;
  }
}

/** Invokes the function, checks the form of its response, and returns status, body and log line. */
async function request(event, handle = handler) {
  const { result, lines } = await invoke(event, handle);
  const { statusCode: status, headers, body, isBase64Encoded, ...rest } = result;
  assert.deepEqual(rest, {});
  assert.equal(isBase64Encoded, false);
  assert.deepEqual(headers, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' });
  assert.equal(lines.length, 1);
  const { timestamp, duration_ms: duration, ...line } = lines[0];
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Number.isInteger(duration) && duration >= 0);
  return { status, body: JSON.parse(body), line };
}

const LINE = {
  level: 'INFO',
  message: 'invocation',
  function: 'preview-orders',
  version,
  environment: 'test',
  request_id: 'request-1',
};

test('valid request', async () => {
  const { status, body, line } = await request(event(VALID));
  assert.deepEqual([status, body], [200, { valid: true, total: 0, violations: [] }]);
  assert.deepEqual(line, { ...LINE, outcome: 'ok', status: 200, orders: 1, violations: 0 });
});

const table = JSON.parse(read('../../rust/orders-api/src/tests/events.json'));
for (const { name, event: members, valid, problem, detail, violation, broken } of table.cases) {
  test(`as orders-api: ${name}`, async () => {
    const { result, error } = await invoke({ ...table.event, routeKey: 'POST /orders/preview', ...members });
    assert.equal(error?.name, broken ? 'ContractBroken' : undefined);
    if (broken) return;
    const body = JSON.parse(result.body);
    if (problem !== undefined) {
      assert.deepEqual([body.type, body.detail], [`urn:problem-type:gridbid:${problem}`, detail]);
    } else {
      assert.deepEqual([result.statusCode, body.valid], [200, valid === true]);
      assert.equal(body.violations[0]?.code, violation);
    }
  });
}

test('request with violations gets 200', async () => {
  const { status, body, line } = await request(event('[{"record_id":"secret","parameter_1":" ","parameter_2":1},7]'));
  assert.equal(status, 200);
  assert.deepEqual([body.valid, body.total], [false, 2]);
  assert.deepEqual(body.violations[0], {
    index: 0,
    field: '/0/parameter_1',
    code: 'empty',
    message: '`parameter_1` must not be empty or blank',
  });
  assert.deepEqual(line, { ...LINE, outcome: 'ok', status: 200, code: 'empty', orders: 2, violations: 2 });
});

test('oversized body is a violation', async () => {
  for (const body of [' '.repeat(262_145), 'x'.repeat(6_000_000), 'д'.repeat(200_000)]) {
    const { status, body: report } = await request(event(body));
    assert.deepEqual([status, report.valid, report.total, report.violations[0].code], [200, false, 1, 'body_too_large']);
  }
});

test('vectors of requests pass, as text and as base64', async () => {
  const vectors = new URL('../../../core/vectors/', folder);
  const bytes = (input) => {
    if (typeof input === 'string') return Buffer.from(input);
    if (Array.isArray(input)) return Buffer.concat(input.map(bytes));
    if (input.hex !== undefined) return Buffer.from(input.hex, 'hex');
    const texts = Array.from({ length: input.times }, (_, time) => input.of.replaceAll('#', String(time)));
    return Buffer.from(texts.join(input.join ?? ''));
  };
  let count = 0;
  for (const name of readdirSync(vectors).filter((name) => name.endsWith('.json'))) {
    const { cases } = JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));
    for (const { name, body, limits, total = 0, violations = [] } of cases) {
      if (body === undefined || limits !== undefined || bytes(body).length === 0) continue;
      const sent = bytes(body);
      const expected = JSON.stringify({ valid: total === 0, total, violations });
      const events = [event(sent.toString('base64'), { isBase64Encoded: true })];
      const text = sent.toString();
      if (Buffer.from(text).equals(sent) && !text.includes('\ufffd')) events.push(event(text));
      for (const one of events) {
        const { result } = await invoke(one);
        assert.equal(result.body, expected, name);
      }
      count += 1;
    }
  }
  assert.ok(count > 150, `${count} vectors`);
});

test('lone surrogate in a body is not_utf8', async () => {
  const { body } = await request(event('[{"record_id":"\ud800"}]'));
  assert.deepEqual(body.violations, [{ index: null, field: '', code: 'not_utf8', message: 'not UTF-8 at byte 15' }]);
});

test('missing body, content type and base64 get the problems of orders-api, word for word', async () => {
  const rust = readFolder('../../rust/orders-api/src/');
  const clientProblem = (kind, title, detail) => [400, { kind, title, detail, errorMessage: detail }];
  const empty = clientProblem('empty-body', 'The request has no body', 'Request body is empty');
  const notBase64 = clientProblem('not-base64', "The request's body cannot be decoded", 'Request body is not base64');
  const notJson = [415, {
    kind: 'unsupported-media-type',
    title: "The request's body is not said to be JSON",
    detail: 'the content type must be `application/json`',
  }];
  const headers = (type) => ({ headers: { 'Content-Type': type } });
  for (const [input, [status, { kind, title, detail, errorMessage }]] of [
    [event(undefined), empty],
    [event(null), empty],
    [event(''), empty],
    [event('', { isBase64Encoded: true, headers: {} }), empty],
    [event('[]', { isBase64Encoded: true }), notBase64],
    [event('WyLDqSJ', { isBase64Encoded: true }), notBase64],
    [event('W10', { isBase64Encoded: true }), notBase64],
    [event('W11=', { isBase64Encoded: true }), notBase64],
    [event('W10=\n', { isBase64Encoded: true }), notBase64],
    [event(VALID, { headers: {} }), notJson],
    [event(VALID, { headers: undefined }), notJson],
    [event(VALID, headers('application/json , text/plain')), notJson],
    [event(VALID, headers('application/jsonp')), notJson],
    [event(VALID, headers('application/x-www-form-urlencoded')), notJson],
    [event(VALID, headers('')), notJson],
  ]) {
    const { status: actual, body, line } = await request(input);
    const expected = { type: `urn:problem-type:gridbid:${kind}`, title, status, detail };
    assert.deepEqual([actual, body], [status, errorMessage === undefined ? expected : { ...expected, errorMessage }]);
    assert.deepEqual(line, { ...LINE, outcome: 'refused', status });
    for (const text of [kind, title, detail]) assert.ok(rust.includes(`"${text}"`), text);
  }
  for (const type of ['application/json', 'Application/JSON; charset=utf-8']) {
    assert.equal((await request(event(VALID, headers(type)))).status, 200);
  }
});

test('probe has no effect', async () => {
  const { result, lines } = await invoke({ probe: 'gridbid' });
  assert.deepEqual(result, { probe: 'gridbid', function: 'preview-orders', version });
  assert.equal(lines[0].outcome, 'ok');
  assert.equal(version, /^version = "(.*)"$/m.exec(read('../../../Cargo.toml'))[1]);
});

test('event of another route or format is a fault', async () => {
  for (const [input, message] of [
    [null, 'the event is not an API Gateway HTTP API event'],
    [[], 'the event is not an API Gateway HTTP API event'],
    [{}, "the event's payload format is not 2.0"],
    [{ probe: 'other' }, "the event's payload format is not 2.0"],
    [{ probe: 'gridbid', slot: 'x' }, "the event's payload format is not 2.0"],
    [event(VALID, { version: '1.0' }), "the event's payload format is not 2.0"],
    [event(VALID, { routeKey: 'POST /orders' }), "the event's route is not `POST /orders/preview`"],
  ]) {
    const { error, lines } = await invoke(input);
    assert.deepEqual([error.name, error.message], ['ContractBroken', message]);
    const { timestamp, duration_ms: duration, ...line } = lines[0];
    assert.deepEqual(line, { ...LINE, outcome: 'fault', error: 'ContractBroken', why: message });
  }
});

test('module without memory gets 500', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'gridbid-preview-'));
  try {
    cpSync(new URL('dist', folder), copy, { recursive: true });
    const script = readFileSync(join(copy, 'index.mjs'), 'utf8');
    writeFileSync(join(copy, 'index.mjs'), withEmbedded(script, (module) => withMemory(module, initialPages(module) + 4)));
    const { handler: handlerWithoutMemory } = await import(join(copy, 'index.mjs'));
    const { status, body, line } = await request(event('x'.repeat(250_000)), handlerWithoutMemory);
    assert.deepEqual(line, {
      ...LINE,
      outcome: 'fault',
      error: 'CoreError',
      why: 'not enough memory for an input of 250000 bytes',
      status,
    });
    assert.deepEqual([status, body], [500, {
      type: 'urn:problem-type:gridbid:internal',
      title: 'Something is wrong on our side',
      status: 500,
      detail: 'the same request can safely be sent again once the problem is fixed',
    }]);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test('log lines contain nothing of a request', async () => {
  const MARKER = 'MARKER';
  const marked = {
    rawPath: MARKER,
    rawQueryString: MARKER,
    queryStringParameters: { MARKER },
    cookies: [MARKER],
    headers: { 'content-type': 'application/json; charset=MARKER', authorization: MARKER, MARKER },
  };
  for (const [input, outcome] of [
    [event('[{"record_id":"MARKER","parameter_1":"MARKER","parameter_2":1}]', marked), 'ok'],
    [event('[{"record_id":"MARKER!","parameter_1":"MARKER\\u0000","parameter_2":"MARKER","MARKER":1}]', marked), 'ok'],
    [event('[{"record_id":"MARKER"', marked), 'ok'],
    [event(MARKER.repeat(100_000), marked), 'ok'],
    [event(MARKER, { isBase64Encoded: true }), 'refused'],
    [event(MARKER, { headers: { 'content-type': MARKER } }), 'refused'],
    [event(VALID, { routeKey: MARKER }), 'fault'],
    [event(VALID, { version: MARKER }), 'fault'],
    [{ MARKER }, 'fault'],
    [MARKER, 'fault'],
  ]) {
    const { lines } = await invoke(input);
    assert.deepEqual(lines.map((line) => line.outcome), [outcome]);
    assert.doesNotMatch(JSON.stringify(lines), /MARKER/);
  }
});

test('size of a 20 MB body is reported exactly', async () => {
  const { body } = await request(event('x'.repeat(20_000_000)));
  assert.equal(body.violations[0].message, '20000000 bytes are too many for one request: at most 262144');
});

test('missing environment stops the start and is listed', () => {
  const script = `await import(${JSON.stringify(new URL('dist/index.mjs', folder))})`;
  for (const environment of [undefined, '']) {
    const env = { PATH: process.env.PATH, ...(environment === undefined ? {} : { GRIDBID_ENVIRONMENT: environment }) };
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env, encoding: 'utf8' });
    assert.notEqual(status, 0);
    const { timestamp, ...line } = JSON.parse(stdout);
    assert.deepEqual(line, {
      level: 'ERROR',
      message: 'the function does not start',
      function: 'preview-orders',
      version,
      outcome: 'fault',
      why: 'the environment is not complete: GRIDBID_ENVIRONMENT is missing',
    });
  }
});

test('bundle runs in another folder and is reproducible', () => {
  const dist = fileURLToPath(new URL('dist', folder));
  const bytes = () => readdirSync(dist).map((name) => [name, readFileSync(join(dist, name)).toString('base64')]);
  const built = bytes();
  assert.deepEqual(built.map(([name]) => name), ['index.mjs']);
  const copy = mkdtempSync(join(tmpdir(), 'gridbid-preview-'));
  try {
    cpSync(dist, copy, { recursive: true });
    const script = `const { handler } = await import(${JSON.stringify(join(copy, 'index.mjs'))});
      const { body } = await handler(${JSON.stringify(event(VALID))}, { awsRequestId: 'r' });
      if (!JSON.parse(body).valid) process.exit(1);`;
    const env = { PATH: process.env.PATH, GRIDBID_ENVIRONMENT: 'test' };
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env, cwd: copy });
    assert.equal(status, 0);
    const { status: exitCode } = spawnSync(process.execPath, ['build.mjs'], { cwd: folder, stdio: 'inherit' });
    assert.equal(exitCode, 0);
    assert.deepEqual(bytes(), built);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
