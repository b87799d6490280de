/**
 * The request side for large files: one JSON array that arrives in chunks, read with raised limits.
 *
 * Chunks go straight into the memory of an instance of the stream's own, so the file is in memory once and other calls
 * go on meanwhile; afterwards the memory is given back. Whether a batch is valid shows only at its end (identities are
 * unique in all of it), so nothing is handed out before. A stream that is longer than `limits.bytes` is not read to its
 * end. The check itself does not wait for anything: a gigabyte holds the thread for a second or two, which is a worker's job.
 */

import { ownInstance, type Instance } from './instance.js';
import { limitsOf, STREAM_LIMITS, type Limits, type Options } from './limits.js';
import { Orders } from './orders.js';
import { InvalidOrdersError, LazyReport, type Report } from './violation.js';

/** What chunks are read from: a file of Node's, the body of a `Response`, anything that can be iterated over. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ChunkStream;

/** What is needed of a web stream (`ReadableStream<Uint8Array>`), which not every browser can iterate over. */
export interface ChunkStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(): Promise<void>;
    releaseLock(): void;
  };
}

/**
 * Checks a JSON array of orders that arrives in chunks. Unless told otherwise there may be any number of orders, in at
 * most 500,000,000 bytes.
 *
 * @throws {CoreError} when there is no memory for it.
 */
export async function validateOrderStream(chunks: Chunks, options?: Options): Promise<Report> {
  const limits = limitsOf(options, STREAM_LIMITS);
  const core = await received(chunks, limits);
  return new LazyReport(core.check(limits), core);
}

/**
 * Reads the orders of a JSON array that arrives in chunks. Unless told otherwise there may be any number of them, in at
 * most 500,000,000 bytes.
 *
 * @throws {InvalidOrdersError} with the report, when it is not valid.
 * @throws {CoreError} when there is no memory for it.
 */
export async function parseOrderStream(chunks: Chunks, options?: Options): Promise<Orders> {
  const limits = limitsOf(options, STREAM_LIMITS);
  const core = await received(chunks, limits);
  const parsed = core.parse(limits);
  if (typeof parsed === 'string') throw new InvalidOrdersError(new LazyReport(parsed, core));
  return new Orders(parsed, core.orders, core.text());
}

/** An instance into which all chunks are loaded, or as many as are allowed. */
async function received(chunks: Chunks, limits: Limits): Promise<Instance> {
  const core = ownInstance();
  for await (const chunk of iterated(chunks)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a chunk must be a Uint8Array');
    if (core.receive(chunk, limits.bytes) > limits.bytes) break;
  }
  return core;
}

function iterated(chunks: Chunks): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return Symbol.asyncIterator in chunks || Symbol.iterator in chunks ? chunks : read(chunks);
}

async function* read(stream: ChunkStream): AsyncGenerator<Uint8Array> {
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
