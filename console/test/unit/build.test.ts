import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** The build is a script, not a part of the bundle that this test is. */
const { buildPage, checkSizes } = (await import(`${process.cwd()}/scripts/build.mjs`)) as {
  buildPage: (
    outdir: string,
    core?: string,
  ) => Promise<{ sizes: Map<string, number>; total: Record<string, number>; first: string[] }>;
  checkSizes: (measured: object) => void;
};

async function filesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = await Promise.all(
    names.map(
      async ({ parentPath, name }) =>
        [
          join(parentPath, name).slice(folder.length),
          createHash('sha256')
            .update(await readFile(join(parentPath, name)))
            .digest('hex'),
        ] as const,
    ),
  );
  return Object.fromEntries(files.sort(([a], [b]) => a.localeCompare(b)));
}

test('the same sources give the same bytes, wherever core and the output are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gridbid-console-'));
  try {
    await cp(process.env['GRIDBID_CORE'] ?? '../bindings/typescript/dist', join(folder, 'core'), { recursive: true });
    await buildPage(join(folder, 'one'));
    const measured = await buildPage(join(folder, 'some/where/two'), join(folder, 'core'));
    assert.deepEqual(await filesOf(join(folder, 'some/where/two')), await filesOf(join(folder, 'one')));
    assert.throws(
      () => checkSizes({ ...measured, sizes: new Map(), total: { 'first view': 150_001, 'all files': 1 } }),
      /too large: first view/,
    );
    // The editor, the chart and the sign-in are not part of the first view, the rules are.
    assert.deepEqual(measured.first.map((path) => path.replace(/-\w+\./, '.')).sort(), [
      'assets/chunk.js',
      'assets/gridbid.wasm',
      'assets/icon.svg',
      'assets/main.css',
      'assets/main.js',
      'assets/worker.js',
      'config.json',
      'index.html',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
