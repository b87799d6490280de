// Builds the page into dist/: index.html, config.json, and assets/ whose names contain the hash of their content.
//
// The same sources give the same bytes, wherever they lie. The build fails when the page is too large to load quickly.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** core as a package is built by `bindings/typescript`; GRIDBID_CORE names another folder that holds it. */
const CORE = process.env.GRIDBID_CORE ?? join(ROOT, '../bindings/typescript/dist');
/** Maximum number of bytes, gzipped. */
const LIMITS = { 'first view': 150_000, 'all files': 230_000 };

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

/**
 * Resolves `@gridbid/core/init`: core as a package without its module.
 *
 * esbuild's output depends on the paths of its inputs. In a namespace core has the same paths wherever it lies.
 */
function corePackage(core) {
  return {
    name: 'core-package',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@gridbid\/core\/init$/ }, () => ({ path: 'init.js', namespace: 'core' }));
      onResolve({ filter: /^\.\//, namespace: 'core' }, ({ path }) => ({ path: basename(path), namespace: 'core' }));
      onLoad({ filter: /\.js$/, namespace: 'core' }, ({ path }) => ({
        contents: readFileSync(join(core, path), 'utf8'),
        loader: 'js',
      }));
    },
  };
}

/**
 * The page is English, and so are the chart's numbers. uPlot would format them in the browser's language when it is
 * imported, and throws for the language `en-US@posix` of a Chromium that runs without a locale.
 */
const englishChart = {
  name: 'english-chart',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]uPlot\.esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace("domEnv ? nav.language : 'en-US'", "'en-GB'");
      if (contents === source) throw new Error(`${path} formats numbers in another way`);
      return { contents, loader: 'js' };
    });
  },
};

const options = (outdir) => ({
  absWorkingDir: ROOT,
  outdir: join(outdir, 'assets'),
  bundle: true,
  format: 'esm',
  target: ['chrome119', 'firefox125', 'safari17.4'],
  minify: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
});

/** The name of the file that an entry point became. */
function outputOf({ metafile }, entry, extension) {
  const [path] =
    Object.entries(metafile.outputs).find(
      ([name, { entryPoint }]) => entryPoint === entry && name.endsWith(extension),
    ) ?? [];
  if (path === undefined) throw new Error(`the build has no output for ${entry}`);
  return basename(path);
}

/** The names of the files that an entry point imports from the start. */
function staticImports({ metafile }, entry) {
  const { imports } = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint === entry) ?? { imports: [] };
  return imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => basename(path));
}

/** Builds the page into a folder, which is emptied first. */
export async function buildPage(outdir = join(ROOT, 'dist'), core = CORE) {
  if (!existsSync(join(core, 'init.js'))) {
    throw new Error('@gridbid/core is not built: `npm run build` in bindings/typescript comes first');
  }
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(join(outdir, 'assets'), { recursive: true });
  const module = readFileSync(join(core, 'gridbid.wasm'));
  const moduleName = `gridbid-${hashOf(module)}.wasm`;
  writeFileSync(join(outdir, 'assets', moduleName), module);
  const worker = await build({
    ...options(outdir),
    entryPoints: ['src/check/worker.ts'],
    plugins: [corePackage(core)],
    define: { MODULE_FILE: JSON.stringify(`./${moduleName}`) },
  });
  const page = await build({
    ...options(outdir),
    entryPoints: ['src/main.tsx', 'src/styles/main.css'],
    splitting: true,
    plugins: [englishChart],
    define: { WORKER_FILE: JSON.stringify(`./${outputOf(worker, 'src/check/worker.ts', '.js')}`) },
  });
  const icon = readFileSync(join(ROOT, 'src/icon.svg'));
  const iconName = `icon-${hashOf(icon)}.svg`;
  writeFileSync(join(outdir, 'assets', iconName), icon);
  const names = {
    icon: `assets/${iconName}`,
    style: `assets/${outputOf(page, 'src/styles/main.css', '.css')}`,
    script: `assets/${outputOf(page, 'src/main.tsx', '.js')}`,
    preloads: staticImports(page, 'src/main.tsx')
      .map((name) => `<link rel="modulepreload" href="assets/${name}">`)
      .join('\n    '),
  };
  const html = readFileSync(join(ROOT, 'src/index.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, name) => names[name]);
  writeFileSync(join(outdir, 'index.html'), html);
  writeFileSync(
    join(outdir, 'config.json'),
    `${JSON.stringify({ api: '/api', issuer: null, client_id: '', environment: 'local' }, null, 2)}\n`,
  );
  return measure(outdir, page.metafile);
}

/** The gzipped sizes of the first view (all that is loaded before someone does anything) and of everything. */
function measure(outdir, { outputs }) {
  const sizes = new Map();
  for (const folder of ['', 'assets']) {
    for (const name of readdirSync(join(outdir, folder))) {
      const path = join(folder, name);
      if (name !== 'assets') sizes.set(path, gzipSync(readFileSync(join(outdir, path)), { level: 9 }).length);
    }
  }
  const chunks = Object.entries(outputs);
  const lazy = new Set(
    chunks.flatMap(([, { imports }]) =>
      imports.filter(({ kind }) => kind === 'dynamic-import').map(({ path }) => join('assets', basename(path))),
    ),
  );
  // What only lazy chunks import is lazy, too.
  const eager = new Set(
    chunks.filter(([, { entryPoint }]) => entryPoint !== undefined && !isDynamic(entryPoint)).map(([path]) => path),
  );
  for (const path of eager)
    for (const { kind, path: to } of outputs[path].imports) if (kind !== 'dynamic-import') eager.add(to);
  const isFirst = (path) => !chunks.some(([name]) => join('assets', basename(name)) === path && !eager.has(name));
  function isDynamic(entryPoint) {
    return chunks.some(
      ([name, output]) => output.entryPoint === entryPoint && lazy.has(join('assets', basename(name))),
    );
  }
  const sum = (paths) => paths.reduce((total, path) => total + sizes.get(path), 0);
  const paths = [...sizes.keys()];
  return {
    sizes,
    total: { 'first view': sum(paths.filter(isFirst)), 'all files': sum(paths) },
    first: paths.filter(isFirst),
  };
}

/** Prints the sizes; throws when there is too much. */
export function checkSizes({ sizes, total, first }) {
  for (const [path, size] of [...sizes].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(size).padStart(8)}  ${path}${first.includes(path) ? '  (first view)' : ''}`);
  }
  const failures = Object.entries(LIMITS).filter(([name, limit]) => total[name] > limit);
  for (const [name, limit] of Object.entries(LIMITS))
    console.log(`${String(total[name]).padStart(8)}  ${name}, gzipped, of at most ${limit}`);
  if (failures.length > 0) throw new Error(`too large: ${failures.map(([name]) => name).join(', ')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    checkSizes(await buildPage());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
