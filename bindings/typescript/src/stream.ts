/**
 * Checks and parses one JSON array that arrives in chunks, such as a large file, with raised limits.
 *
 * Each stream has its own instance and writes chunks directly into its memory, so the file is in memory once, other
 * calls can run meanwhile, and the memory is freed afterwards. The verdict needs the whole batch, because `record_id`s are
 * unique in it: nothing is returned before the end. A stream longer than `limits.bytes` is not read to its end. The check is
 * synchronous and blocks the thread for about a second per gigabyte; a server runs it in a worker.
 */

import { createInstance, type Instance } from './instance.js';
import { resolveLimits, STREAM_LIMITS, type Limits, type Options } from './limits.js';
import { Orders } from './orders.js';
import { InvalidOrdersError, LazyReport, type Report } from './violation.js';

/** A source of chunks: a Node stream, the body of a `Response`, any iterable. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ChunkStream;

/** The part of `ReadableStream<Uint8Array>` that is used, since not every browser can iterate over one. */
export interface ChunkStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
    releaseLock(): void;
  };
}

/**
 * Checks a JSON array of orders that arrives in chunks. By default it may have any number of orders, in at most
 * 500,000,000 bytes.
 *
 * @throws {CoreError} when memory runs out.
 */
export async function validateOrderStream(chunks: Chunks, options?: Options): Promise<Report> {
  const limits = resolveLimits(options, STREAM_LIMITS);
  const core = await receiveAll(chunks, limits);
  return new LazyReport(core.check(limits), core);
}

/**
 * Parses a JSON array of orders that arrives in chunks. By default it may have any number of orders, in at most
 * 500,000,000 bytes.
 *
 * @throws {InvalidOrdersError} when a rule is violated; it holds the report.
 * @throws {CoreError} when memory runs out.
 */
export async function parseOrderStream(chunks: Chunks, options?: Options): Promise<Orders> {
  const limits = resolveLimits(options, STREAM_LIMITS);
  const core = await receiveAll(chunks, limits);
  const parsed = core.parse(limits);
  if (typeof parsed === 'string') throw new InvalidOrdersError(new LazyReport(parsed, core));
  return new Orders(parsed, core.orders, core.text());
}

/** Loads chunks into a new instance, up to the first that exceeds the limit. */
async function receiveAll(chunks: Chunks, limits: Limits): Promise<Instance> {
  const core = createInstance();
  for await (const chunk of toIterable(chunks)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a chunk must be a Uint8Array');
    if (core.receive(chunk, limits.bytes) > limits.bytes) break;
  }
  return core;
}

function toIterable(chunks: Chunks): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return Symbol.asyncIterator in chunks || Symbol.iterator in chunks ? chunks : readChunks(chunks);
}

async function* readChunks(stream: ChunkStream): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    await reader.cancel();
    reader.releaseLock();
  }
}
