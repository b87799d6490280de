// A plain client of Lambda's runtime API for Node: hands events to a handler, and its answers back.
//
// It stands in for AWS's own client (aws-lambda-ric), which needs CMake and a C++ compiler to be installed and is a native
// module. It does less than that one (no streaming, no X-Ray, no patched console), so it makes the peer quicker, never
// slower. Started as `node runtime.mjs FILE` with the environment that Lambda gives a function.

import { Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env['AWS_LAMBDA_RUNTIME_API'].split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });

function call(method, path, headers, body) {
  return new Promise((done, failed) => {
    const asked = request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}`, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => done({ headers: answer.headers, body: Buffer.concat(parts).toString('utf8') }));
      answer.on('error', failed);
    });
    asked.on('error', failed);
    asked.end(body);
  });
}

function tell(path, error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const body = JSON.stringify({ errorType: name, errorMessage: message, stackTrace: [] });
  return call('POST', path, { 'content-type': 'application/json', 'lambda-runtime-function-error-type': name }, body);
}

let handler;
try {
  ({ handler } = await import(pathToFileURL(resolve(process.argv[2])).href));
} catch (error) {
  await tell('init/error', error);
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call('GET', 'invocation/next', {});
  const awsRequestId = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const answer = JSON.stringify(await handler(JSON.parse(body), context)) ?? 'null';
    await call('POST', `invocation/${awsRequestId}/response`, { 'content-type': 'application/json' }, answer);
  } catch (error) {
    await tell(`invocation/${awsRequestId}/error`, error);
  }
}
