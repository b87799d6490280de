// Prints the packages of a folder's package-lock.json that are not installed there: one a line, by name and version.
//
// An optional package counts only if it is made for this machine, as esbuild's binaries are: without the one for this
// machine, the package that it belongs to does not work.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const read = (...path) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));

/** Whether a list such as `["linux", "darwin"]` or `["!win32"]` accepts a value. */
function accepts(list, value) {
  const included = list.filter((entry) => !entry.startsWith('!'));
  return !list.includes(`!${value}`) && (included.length === 0 || included.includes(value) || included.includes('any'));
}

function libcOfThisMachine() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function isMadeForThisMachine({ os, cpu, libc }) {
  return (
    os !== undefined &&
    cpu !== undefined &&
    accepts(os, process.platform) &&
    accepts(cpu, process.arch) &&
    (libc === undefined || accepts(libc, libcOfThisMachine()))
  );
}

function isInstalled(path, { version, link }) {
  if (link) return existsSync(join(folder, path));
  return existsSync(join(folder, path, 'package.json')) && read(path, 'package.json').version === version;
}

for (const [path, locked] of Object.entries(read('package-lock.json').packages)) {
  const isWanted = path.startsWith('node_modules/') && (!locked.optional || isMadeForThisMachine(locked));
  if (isWanted && !isInstalled(path, locked)) console.log(path.slice('node_modules/'.length), locked.version ?? '(a link)');
}
