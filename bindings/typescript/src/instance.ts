/**
 * core's WASM module, called through the glue that wasm-bindgen generates from `bindings/wasm`.
 *
 * Its functions take and return numbers: an input is encoded directly into the module's memory, and results are read from it
 * through typed views, so a call costs what one of a plain export does. All calls share one instance, in which nothing of a
 * caller stays. An instance that trapped, or grew large for a huge input, is replaced.
 */

import init, {
  __wbg_reset_state as resetInstance,
  gridbid_check as checkOrders,
  gridbid_input as reserveInput,
  gridbid_parse as parseOrders,
  initSync,
  type InitInput,
  type InitOutput,
  type SyncInitInput,
} from './gridbid_wasm.js';

import { CoreError } from './error.js';
import type { Limits } from './limits.js';
import { decoder, encoder, restoreLoneSurrogate, toBytes, type Input } from './text.js';

/** The result of checking a request. */
export interface Verdict {
  /** Number of orders. */
  readonly orders: number;
  /** Number of violations. */
  readonly total: number;
  /** core's report as JSON, if there are violations. */
  readonly report: string | undefined;
}

/** A request's verdict and, if it is valid, its orders: a row of words each (core's `batch::Row`), with spans of texts. */
export interface Parsed extends Verdict {
  readonly rows: ArrayLike<number>;
  /** The fields that contain escapes, decoded. */
  readonly decoded: string;
}

/** A function of the module that takes the length of its input and returns the address of a JSON text. */
export type Query = (length: number) => number;

/** Words in a row. */
export const ROW_WORDS = 7;
/** Up to this many words (16 orders), a plain array is cheaper to create than a typed one. */
const SHORT_COPY_WORDS = 16 * ROW_WORDS;
/** The initial capacity for inputs, in bytes. */
const INITIAL_CAPACITY = 192 * 1024;
/** Maximum bytes of UTF-8 per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;
/** An instance with more memory than this, in bytes, is replaced after use: WASM memory never shrinks. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** The argument of an initialized glue, which returns its instance and ignores it. */
const INITIALIZED = { module: new Uint8Array(0) };

let loadModule = (): SyncInitInput => {
  throw new Error('core has no module: import `@gridbid/core`, or call `initialize` of `@gridbid/core/init` first');
};
let isInitialized = false;
/** None before the first call, and after one that has left it unusable. */
let instance: InitOutput | undefined;
/** Views of the whole memory and of the input's buffer. Growth of the memory detaches both (length 0). */
let words = new Uint32Array(0);
let buffer = new Uint8Array(0);
/** Number of loaded bytes. */
let length = 0;

/** Sets the function that loads the module on first use. */
export function setModule(load: () => SyncInitInput): void {
  loadModule = load;
}

/** Instantiates a module that the host loads. */
export async function initialize(module: InitInput | Promise<InitInput>): Promise<void> {
  instance = await init({ module_or_path: module });
  isInitialized = true;
}

/**
 * Loads an input, which can then be passed to several calls. Only the length of an input above `maxBytes` is loaded, since
 * core rejects it without reading it.
 *
 * @throws {CoreError} when memory runs out.
 */
export function load(input: Input, maxBytes: number): void {
  if (typeof input !== 'string') {
    const bytes = toBytes(input);
    if (makeRoom(bytes.length, maxBytes)) buffer.set(bytes);
    return;
  }
  const units = input.length;
  if (units > maxBytes) {
    reserve(INITIAL_CAPACITY);
    length = utf8Length(input);
    reserve(length);
    return;
  }
  const needed = MAX_BYTES_PER_UNIT * units <= INITIAL_CAPACITY ? INITIAL_CAPACITY : units;
  if (buffer.length < needed) reserve(needed);
  const { read, written } = encoder.encodeInto(input, buffer);
  length = written;
  // As many bytes as code units: the text is ASCII and complete.
  if (read !== units || written !== units) loadNonAscii(input, read);
}

/** Loads an input of `total` bytes that is in parts. */
export function loadParts(parts: readonly Uint8Array[], total: number, maxBytes: number): void {
  if (!makeRoom(total, maxBytes)) return;
  let at = 0;
  for (const part of parts) {
    buffer.set(part, at);
    at += part.length;
  }
}

/** Reserves a buffer for an input of `total` bytes. Returns whether core will read it. */
function makeRoom(total: number, maxBytes: number): boolean {
  if (buffer.length < total) reserve(Math.max(INITIAL_CAPACITY, total));
  length = total;
  return total <= maxBytes;
}

/** Loads the rest of a non-ASCII text, of which `units` code units are loaded. */
function loadNonAscii(text: string, units: number): void {
  for (let read = units; read < text.length; ) {
    reserve(length + MAX_BYTES_PER_UNIT * (text.length - read));
    const more = encoder.encodeInto(text.slice(read), buffer.subarray(length));
    read += more.read;
    length += more.written;
  }
  restoreLoneSurrogate(text, buffer.subarray(0, length));
}

/** Returns the number of bytes of a text in UTF-8. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; ) {
    const { read, written } = encoder.encodeInto(text.slice(at, at + INITIAL_CAPACITY), buffer);
    at += read;
    bytes += written;
  }
  return bytes;
}

/** Checks the loaded request. */
export function check({ orders, bytes, depth, listed }: Limits): Verdict {
  try {
    const at = checkOrders(length, orders, bytes, depth, listed) >>> 2;
    return { orders: wordAt(at), total: wordAt(at + 1), report: readReport(at) };
  } catch (error) {
    throw replaceAfter(error);
  }
}

/** Parses the loaded request into spans of UTF-16 code units. */
export function parse({ orders, bytes, depth, listed }: Limits): Parsed {
  try {
    const at = parseOrders(length, orders, bytes, depth, listed) >>> 2;
    const report = readReport(at);
    const count = wordAt(at);
    const rows = report === undefined ? copyWords(wordAt(at + 4) >>> 2, ROW_WORDS * count) : [];
    const decoded = report === undefined ? readText(wordAt(at + 5), wordAt(at + 6)) : '';
    return { orders: count, total: wordAt(at + 1), report, rows, decoded };
  } catch (error) {
    throw replaceAfter(error);
  }
}

/** Passes the loaded input to a function and returns its JSON. */
export function query(call: Query): string {
  try {
    const at = call(length) >>> 2;
    return readText(wordAt(at), wordAt(at + 1));
  } catch (error) {
    throw replaceAfter(error);
  }
}

/** Returns the loaded input as text. */
export function loadedText(): string {
  if (buffer.length < length) reserve(length);
  return decoder.decode(buffer.subarray(0, length));
}

/** Frees the memory after a call if it has grown large. */
export function release(): void {
  if (words.byteLength > MAX_KEPT_BYTES) replaceInstance();
}

function instantiate(): InitOutput {
  if (instance !== undefined) return instance;
  if (isInitialized) resetInstance();
  instance = initSync(isInitialized ? INITIALIZED : { module: loadModule() });
  isInitialized = true;
  return instance;
}

/** Replaces the instance, and so frees its memory. */
function replaceInstance(): void {
  instance = undefined;
  words = new Uint32Array(0);
  buffer = new Uint8Array(0);
  try {
    instantiate();
  } catch {
    // The next call tries again, and fails if it must.
  }
}

/** Replaces the instance, which no error leaves usable, and returns the error to throw. */
function replaceAfter(error: unknown): unknown {
  replaceInstance();
  if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return error;
  return new CoreError(`core stopped at an input of ${length} bytes, most likely for lack of memory`, { cause: error });
}

/** Grows the input's buffer; loaded bytes are kept. */
function reserve(capacity: number): void {
  let address = 0;
  try {
    const { memory } = instantiate();
    // A parameter has 32 bits and would wrap.
    if (capacity <= 0xffff_ffff) address = reserveInput(capacity);
    words = new Uint32Array(memory.buffer);
  } catch (error) {
    throw replaceAfter(error);
  }
  if (address === 0) throw new CoreError(`not enough memory for an input of ${capacity} bytes`);
  buffer = new Uint8Array(words.buffer, address, capacity);
}

/** Returns the current view of the memory. */
function memoryWords(): Uint32Array {
  if (words.length === 0) words = new Uint32Array(instantiate().memory.buffer);
  return words;
}

function wordAt(index: number): number {
  return memoryWords()[index] ?? 0;
}

/** Returns the report of a verdict as JSON, if there are violations. */
function readReport(at: number): string | undefined {
  return wordAt(at + 1) === 0 ? undefined : readText(wordAt(at + 2), wordAt(at + 3));
}

function readText(address: number, bytes: number): string {
  return bytes === 0 ? '' : decoder.decode(new Uint8Array(memoryWords().buffer, address, bytes));
}

function copyWords(start: number, count: number): ArrayLike<number> {
  const source = memoryWords();
  if (count > SHORT_COPY_WORDS) return source.slice(start, start + count);
  const copy = new Array<number>(count);
  for (let at = 0; at < count; at += 1) copy[at] = source[start + at] ?? 0;
  return copy;
}
