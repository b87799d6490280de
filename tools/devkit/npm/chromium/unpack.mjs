// Unpacks the headless Chromium of `@sparticuz/chromium` into a folder, with the libraries that a bare machine lacks (NSS,
// NSPR, expat) and a command `chromium` that starts it.

import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';

import { extract } from 'tar-fs';

const START = `#!/bin/sh
folder="\${0%/*}"
LD_LIBRARY_PATH="$folder/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$folder/headless-shell" "$@"
`;

const packed = fileURLToPath(new URL('node_modules/@sparticuz/chromium/bin/', import.meta.url));

const unpack = (name, target) => pipeline(createReadStream(join(packed, name)), createBrotliDecompress(), target);

const [folder] = process.argv.slice(2);
const unfinished = `${folder}-unfinished`;
await rm(unfinished, { recursive: true, force: true });
await mkdir(unfinished);
// Holds the folder lib.
await unpack('al2023.tar.br', extract(unfinished));
await unpack('chromium.br', createWriteStream(join(unfinished, 'headless-shell'), { mode: 0o755 }));
await writeFile(join(unfinished, 'chromium'), START, { mode: 0o755 });
// The folder appears whole or not at all.
await rm(folder, { recursive: true, force: true });
await rename(unfinished, folder);
