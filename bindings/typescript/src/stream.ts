/**
 * Checks and parses one JSON array that arrives in chunks, such as a large file, with raised limits.
 *
 * Chunks are kept until the last one has arrived, because `record_id`s are unique in the whole batch: nothing is returned before
 * the end. A stream longer than `limits.bytes` is not read to its end. The check is synchronous and blocks the thread for about a
 * second per gigabyte; a server runs it in a worker.
 */

import { check, loadedText, loadParts, parse, release } from './instance.js';
import { resolveLimits, STREAM_LIMITS, type Limits, type Options } from './limits.js';
import { Orders } from './orders.js';
import { toBytes } from './text.js';
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
  const { parts, total } = await receiveAll(chunks, limits);
  loadParts(parts, total, limits.bytes);
  const verdict = check(limits);
  release();
  return new LazyReport(verdict);
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
  const { parts, total } = await receiveAll(chunks, limits);
  loadParts(parts, total, limits.bytes);
  const parsed = parse(limits);
  const text = parsed.total > 0 ? '' : loadedText();
  release();
  if (parsed.total > 0) throw new InvalidOrdersError(new LazyReport(parsed));
  return new Orders(parsed, text);
}

/**
 * Copies chunks, up to the first that exceeds the limit. Returns them with their number of bytes. The caller loads them, because no
 * other call may come between loading and checking: all share one instance.
 */
async function receiveAll(chunks: Chunks, limits: Limits): Promise<{ parts: Uint8Array[]; total: number }> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of toIterable(chunks)) {
    if (!ArrayBuffer.isView(chunk)) throw new TypeError('a chunk must be a Uint8Array');
    total += chunk.byteLength;
    // The source may write the next chunk into the same buffer.
    if (total <= limits.bytes) parts.push(new Uint8Array(toBytes(chunk)));
    else break;
  }
  return { parts, total };
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
