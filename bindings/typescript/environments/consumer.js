// Consumers of the package: folders in which the packed tarball is installed, and the same few calls in each environment.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** Consumers are below this folder, so that they find the tools in its node_modules. */
const FOLDER = join(here, '.consumers');
/** Time limit of a command in milliseconds. */
const TIMEOUT_MS = 300_000;

/** What `use` returns where the package works. */
export const EXPECTED = 'true é 2.1 duplicate_record_id accepted';

/** Calls of the package: the check, lazily decoded orders, a report, and a query. */
const CALLS = `
export function use() {
  const order = '{"record_id":"a","parameter_1":"\\\\u00e9","parameter_2":2.10}';
  const [{ parameter_1: text, parameter_2: amount }] = parseOrders('[' + order + ']');
  const { violations } = validateOrders('[' + order + ',' + order + ']');
  const { status } = decideOutcome('{"order":"accepted"}');
  return [validateOrders('[' + order + ']').valid, text, amount, violations[0].code, status].join(' ');
}
`;
const USE = {
  'use.mjs': `import { decideOutcome, parseOrders, validateOrders } from '@gridbid/core';\n${CALLS}`,
  'use.cjs': `const { decideOutcome, parseOrders, validateOrders } = require('@gridbid/core');\n${CALLS.replace('export function', 'exports.use = function')}`,
};
/** The end of a page's script: it posts the result, to the address in its own if there is one. */
export const POST = `
const outcome = new URLSearchParams(location.search).get('outcome') ?? '/outcome';
const post = (outcome_) => fetch(outcome, { method: 'POST', mode: 'no-cors', body: JSON.stringify(outcome_) });
Promise.resolve().then(run).then((result) => post({ result }), (error) => post({ error: String(error?.stack ?? error) }));
`;

let tarball;

/** Packs the package as it would be published, once. */
export function pack() {
  if (tarball !== undefined) return tarball;
  mkdirSync(FOLDER, { recursive: true });
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', FOLDER], dirname(here)));
  return (tarball = join(FOLDER, filename));
}

/** Makes a fresh folder with these files, `use.mjs` and `use.cjs`, and installs the package in it. */
export function makeConsumer(name, files = {}) {
  const folder = join(FOLDER, name);
  rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of Object.entries({ 'package.json': '{"name":"consumer","private":true}', ...USE, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', pack()], folder);
  return folder;
}

/** Runs a command in a folder and returns its stdout. */
export function run(program, args, folder, env = {}) {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 100_000_000,
    timeout: TIMEOUT_MS,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** Runs a script of an installed tool with Node. */
export function runTool(script, args, folder, env) {
  return run(process.execPath, [join(here, 'node_modules', script), ...args], folder, env);
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Returns the files below a folder by their paths, for a page. */
export function filesBelow(folder, prefix = '/') {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, path = parentPath, name }) => join(path, name))
      .map((path) => [prefix + path.slice(folder.length + 1), { type: TYPES[extname(path)] ?? 'text/plain', body: readFileSync(path) }]),
  );
}

/** Returns a page that loads one script. */
export const page = (script, attributes = '') => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script ${attributes} src="${script}"></script>`;
