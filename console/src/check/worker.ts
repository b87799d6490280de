/**
 * The worker: core's rules and all work on large texts, away from the thread that draws.
 *
 * core is imported dynamically: a worker that waits at the top level for its WASM module would lose the messages that
 * arrive meanwhile.
 */

import type { Document } from './document.ts';
import type { FromWorker, MethodName, Methods, Request, ToWorker } from './protocol.ts';

type Handlers = {
  [Name in MethodName]: (
    parameters: Methods[Name]['parameters'],
  ) => Methods[Name]['result'] | Promise<Methods[Name]['result']>;
};

const loaded = import('./document.ts').then((module) => ({
  document: new module.Document(),
  readContent: module.readContent,
}));
loaded.catch(() => undefined);

/** The newest version that a message has announced; the document follows when core is loaded. */
let newest = 0;

const handlers: Handlers = {
  load: async () => {
    await loaded;
    return null;
  },
  check: async ({ version, watched }) => {
    const { document } = await loaded;
    // Edits that have arrived meanwhile come first: they make this check pointless.
    await new Promise((resolve) => setTimeout(resolve));
    return version === newest ? document.check(watched) : null;
  },
  list: async ({ version, offset, count }) => (await loaded).document.list(version, offset, count),
  within: async ({ version, from, to, count }) => (await loaded).document.within(version, from, to, count),
  step: async ({ version, at, direction }) => (await loaded).document.step(version, at, direction),
  read: async ({ content, name }) => (await loaded).readContent(content, name),
  prepare: async () => (await loaded).document.prepare(),
  batch: async ({ number, size }) => (await loaded).document.batch(number, size),
};

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('id' in data) {
    void answer(data);
    return;
  }
  newest = data.version;
  // That core cannot be loaded is the answer to `load`. After a lost edit, no verdict would be on the page's text.
  loaded.then(
    ({ document }) => follow(document, data),
    () => undefined,
  ).catch(reportError);
});

function follow(document: Document, data: Exclude<ToWorker, Request>): void {
  if ('text' in data) document.replace(data.text, data.version);
  else document.edit(data.edits, data.version);
}

async function answer({ id, method, parameters }: Request): Promise<void> {
  let message: FromWorker;
  try {
    const handler = handlers[method] as (parameters: Request['parameters']) => unknown;
    message = { id, result: await handler(parameters) };
  } catch (error) {
    message = { id, error: error instanceof Error ? error.message : String(error) };
  }
  postMessage(message);
}
