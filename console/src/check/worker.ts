/**
 * The worker: core's rules and all work on large texts, away from the thread that draws.
 *
 * Messages that arrive before core is loaded wait for it.
 */

import { initialize } from '@gridbid/core/init';

import { Document, readContent } from './document.ts';
import type { FromWorker, MethodName, Methods, Request, ToWorker } from './protocol.ts';

type Handlers = {
  [Name in MethodName]: (
    parameters: Methods[Name]['parameters'],
  ) => Methods[Name]['result'] | Promise<Methods[Name]['result']>;
};

/** The name of core's module, defined by the build. */
declare const MODULE_FILE: string;

const loaded = initialize(fetchModule()).then(() => new Document());
loaded.catch(() => undefined);

/** The newest version that a message has announced; the document follows when core is loaded. */
let newest = 0;

async function fetchModule(): Promise<Response> {
  const response = await fetch(new URL(MODULE_FILE, import.meta.url));
  if (!response.ok) throw new Error(`cannot fetch ${response.url}: ${response.status} ${response.statusText}`);
  return response;
}

const handlers: Handlers = {
  load: async () => {
    await loaded;
    return null;
  },
  check: async ({ version, watched }) => {
    const document = await loaded;
    // Edits that have arrived meanwhile come first: they make this check pointless.
    await new Promise((resolve) => setTimeout(resolve));
    return version === newest ? document.check(watched) : null;
  },
  list: async ({ version, offset, count }) => (await loaded).list(version, offset, count),
  within: async ({ version, from, to, count }) => (await loaded).within(version, from, to, count),
  step: async ({ version, at, direction }) => (await loaded).step(version, at, direction),
  read: ({ content, name }) => readContent(content, name),
  prepare: async () => (await loaded).prepare(),
  batch: async ({ number, size }) => (await loaded).batch(number, size),
};

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('id' in data) {
    void answer(data);
    return;
  }
  newest = data.version;
  // That core cannot be loaded is the answer to `load`. After a lost edit, no verdict would be on the page's text.
  loaded.then(
    (document) => follow(document, data),
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
