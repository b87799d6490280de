// Test runners: vitest and jest, with Node's environment and with jsdom's.

import { test } from 'node:test';

import { EXPECTED, makeConsumer, runTool } from './consumer.js';

const expectation = (call) => `test('package works', () => { expect(${call}).toBe(${JSON.stringify(EXPECTED)}); });\n`;
const VITEST = `import { expect, test } from 'vitest';\nimport { use } from './use.mjs';\n${expectation('use()')}`;
/** A stream's chunks are of another realm than the sandbox's. */
const JEST = `const { use } = require('./use.cjs');\n${expectation('use()')}
test('chunks of another realm are accepted', async () => {
  const { validateOrderStream } = require('@gridbid/core');
  expect((await validateOrderStream([Buffer.from('[]')])).total).toBe(1);
});\n`;

for (const environment of ['node', 'jsdom']) {
  test(`vitest, ${environment}`, () => {
    const folder = makeConsumer(`vitest-${environment}`, { 'use.test.mjs': VITEST });
    runTool('vitest/vitest.mjs', ['run', '--environment', environment, '--root', folder], folder, { CI: '1' });
  });

  test(`jest, ${environment}`, () => {
    const folder = makeConsumer(`jest-${environment}`, { 'use.test.js': JEST });
    runTool('jest/bin/jest.js', ['--env', environment, '--rootDir', folder, '--ci'], folder);
  });

  test(`jest with ES modules, ${environment}`, () => {
    const files = { 'use.test.mjs': `import { use } from './use.mjs';\n${expectation('use()')}`, 'jest.config.json': '{"testMatch":["**/*.test.mjs"],"transform":{}}' };
    const folder = makeConsumer(`jest-esm-${environment}`, files);
    const options = { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' };
    runTool('jest/bin/jest.js', ['--config', 'jest.config.json', '--env', environment, '--rootDir', folder, '--ci'], folder, options);
  });
}
