// A minimal client of Lambda's runtime API for Node: passes events to a handler and posts its responses.
//
// It replaces AWS's client (aws-lambda-ric), a native module whose installation needs CMake and a C++ compiler. It has fewer
// features (no streaming, no X-Ray, no patched console), so it makes the peer faster, never slower. Started as
// `node runtime.mjs FILE` with the environment that Lambda gives a function.

import { Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env['AWS_LAMBDA_RUNTIME_API'].split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });

function send(method, path, headers, body) {
  return new Promise((fulfill, reject) => {
    const call = request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}`, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => fulfill({ headers: response.headers, body: Buffer.concat(parts).toString('utf8') }));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}

function report(path, error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const body = JSON.stringify({ errorType: name, errorMessage: message, stackTrace: [] });
  return send('POST', path, { 'content-type': 'application/json', 'lambda-runtime-function-error-type': name }, body);
}

let handler;
try {
  ({ handler } = await import(pathToFileURL(resolve(process.argv[2])).href));
} catch (error) {
  await report('init/error', error);
  process.exit(1);
}
for (;;) {
  const { headers, body } = await send('GET', 'invocation/next', {});
  const awsRequestId = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const response = JSON.stringify(await handler(JSON.parse(body), context)) ?? 'null';
    await send('POST', `invocation/${awsRequestId}/response`, { 'content-type': 'application/json' }, response);
  } catch (error) {
    await report(`invocation/${awsRequestId}/error`, error);
  }
}
