/**
 * Instances of core's WASM module.
 *
 * Every call uses the module's plain exports on linear memory: the input is encoded directly into it, and results are read
 * from it. wasm-bindgen's glue is not used, because it copies the input once more and cannot replace an instance. An instance
 * that trapped, or grew large for a huge input, is dropped, and the next call creates another.
 */

import { CoreError } from './error.js';
import type { Limits } from './limits.js';
import { restoreLoneSurrogate, toBytes, type Input } from './text.js';

/** The module's exports; addresses and numbers are unsigned 32-bit words. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  gridbid_abi(): number;
  gridbid_input(length: number): number;
  gridbid_check(length: number, orders: number, bytes: number, depth: number, listed: number): number;
  gridbid_parse(length: number, orders: number, bytes: number, depth: number, listed: number): number;
  gridbid_results(length: number): number;
  gridbid_decision(length: number): number;
  gridbid_canonical(length: number): number;
}

/** The exports that return JSON and take no limits. */
export type QueryExport = 'gridbid_results' | 'gridbid_decision' | 'gridbid_canonical';

/** Valid orders: a row of words per order (core's `batch::Row`) with spans of the input or of the decoded text. */
export interface Rows {
  readonly rows: ArrayLike<number>;
  /** The fields that contain escapes, decoded. */
  readonly decoded: string;
}

/** Whether bytes may contain a byte. A host without a fast search returns true. */
export type MayContain = (bytes: Uint8Array, byte: number) => boolean;

/** The version of the module's ABI that this file implements. */
const ABI = 3;
/** Words in a row. */
export const ROW_WORDS = 7;
/** Up to this many words (16 orders), a plain array is cheaper to create than a typed one. */
const SHORT_COPY_WORDS = 16 * ROW_WORDS;
/** The initial capacity for inputs, in bytes. */
const INITIAL_CAPACITY = 192 * 1024;
/** Maximum bytes of UTF-8 per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;
/** An instance with more memory than this, in bytes, is dropped after use: WASM memory never shrinks. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** Shorter texts, in bytes, are checked for lone surrogates without searching their encoding first. */
const MIN_SEARCHED_BYTES = 512;
/** The first byte of U+F000 to U+FFFF, which include the replacement character. */
const REPLACEMENT_LEAD_BYTE = 0xef;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** An instance of core's module. An input is loaded first, and can then be passed to several calls. */
export class Instance {
  readonly #module: WebAssembly.Module;
  readonly #mayContain: MayContain;
  #exports: Exports | undefined;
  /** Views of the whole memory and of the input's buffer. Growth of the memory detaches both (length 0). */
  #words = new Uint32Array(0);
  #buffer = new Uint8Array(0);

  /** Number of loaded bytes. */
  length = 0;
  /** Number of orders in the request that was checked or parsed last. */
  orders = 0;
  /** Number of its violations. */
  total = 0;

  constructor(module: WebAssembly.Module, mayContain: MayContain = () => true) {
    this.#module = module;
    this.#mayContain = mayContain;
  }

  /**
   * Loads an input. Only the length of an input above `maxBytes` is loaded, since core rejects it without reading it.
   *
   * @throws {CoreError} when memory runs out.
   */
  load(input: Input, maxBytes: number): void {
    if (typeof input !== 'string') {
      const bytes = toBytes(input);
      this.length = 0;
      this.receive(bytes, maxBytes);
      return;
    }
    const units = input.length;
    if (units > maxBytes) {
      this.#reserve(INITIAL_CAPACITY);
      this.length = this.#utf8Length(input);
      this.#reserve(this.length);
      return;
    }
    const needed = MAX_BYTES_PER_UNIT * units <= INITIAL_CAPACITY ? INITIAL_CAPACITY : units;
    if (this.#buffer.length < needed) this.#reserve(needed);
    const { read, written } = encoder.encodeInto(input, this.#buffer);
    this.length = written;
    // As many bytes as code units: the text is ASCII and complete.
    if (read !== units || written !== units) this.#loadNonAscii(input, read);
  }

  /** Loads the rest of a non-ASCII text, of which `units` code units are loaded. */
  #loadNonAscii(text: string, units: number): void {
    for (let read = units; read < text.length; ) {
      this.#reserve(this.length + MAX_BYTES_PER_UNIT * (text.length - read));
      const more = encoder.encodeInto(text.slice(read), this.#buffer.subarray(this.length));
      read += more.read;
      this.length += more.written;
    }
    const encoded = this.#buffer.subarray(0, this.length);
    const isShort = this.length < MIN_SEARCHED_BYTES;
    if (isShort || this.#mayContain(encoded, REPLACEMENT_LEAD_BYTE)) restoreLoneSurrogate(text, encoded);
  }

  /** Returns the number of bytes of a text in UTF-8. */
  #utf8Length(text: string): number {
    let length = 0;
    for (let at = 0; at < text.length; ) {
      const { read, written } = encoder.encodeInto(text.slice(at, at + INITIAL_CAPACITY), this.#buffer);
      at += read;
      length += written;
    }
    return length;
  }

  /**
   * Appends bytes to the input and returns its length. Bytes beyond `maxBytes` are counted but not copied.
   *
   * @throws {CoreError} when memory runs out.
   */
  receive(bytes: Uint8Array, maxBytes: number): number {
    const length = this.length + bytes.length;
    if (this.#buffer.length < length) this.#reserve(Math.max(INITIAL_CAPACITY, length));
    if (length <= maxBytes) this.#buffer.set(bytes, this.length);
    this.length = length;
    return length;
  }

  /** Checks the input. Returns core's report as JSON if there are violations. */
  check({ orders, bytes, depth, listed }: Limits): string | undefined {
    try {
      return this.#readVerdict(this.#instantiate().gridbid_check(this.length, orders, bytes, depth, listed) >>> 2);
    } catch (error) {
      throw this.#dropAfter(error);
    }
  }

  /** Parses the input. Returns spans in UTF-16 code units, or core's report as JSON if there are violations. */
  parse({ orders, bytes, depth, listed }: Limits): Rows | string {
    try {
      const at = this.#instantiate().gridbid_parse(this.length, orders, bytes, depth, listed) >>> 2;
      const report = this.#readVerdict(at);
      if (report !== undefined) return report;
      const words = this.#memory();
      const start = (words[at + 4] ?? 0) >>> 2;
      const decoded = this.#readText(words[at + 5] ?? 0, words[at + 6] ?? 0);
      return { rows: copyWords(words, start, ROW_WORDS * this.orders), decoded };
    } catch (error) {
      throw this.#dropAfter(error);
    }
  }

  /** Reads a verdict. Returns its report as JSON if there are violations. */
  #readVerdict(at: number): string | undefined {
    const words = this.#memory();
    this.orders = words[at] ?? 0;
    this.total = words[at + 1] ?? 0;
    return this.total === 0 ? undefined : this.#readText(words[at + 2] ?? 0, words[at + 3] ?? 0);
  }

  /** Passes the input to an export and returns its JSON. */
  query(name: QueryExport): string {
    try {
      const at = this.#instantiate()[name](this.length) >>> 2;
      const words = this.#memory();
      return this.#readText(words[at] ?? 0, words[at + 1] ?? 0);
    } catch (error) {
      throw this.#dropAfter(error);
    }
  }

  /** Returns the input as text. */
  text(): string {
    if (this.#buffer.length < this.length) this.#reserve(this.length);
    return decoder.decode(this.#buffer.subarray(0, this.length));
  }

  /** Frees the memory after a call if it has grown large. */
  release(): void {
    if (this.#words.byteLength > MAX_KEPT_BYTES) this.#drop();
  }

  #drop(): void {
    this.#exports = undefined;
    this.#words = new Uint32Array(0);
    this.#buffer = new Uint8Array(0);
  }

  /** Grows the input's buffer; loaded bytes are kept. */
  #reserve(length: number): void {
    let address = 0;
    try {
      const exports = this.#instantiate();
      // A parameter has 32 bits and would wrap.
      if (length <= 0xffff_ffff) address = exports.gridbid_input(length) >>> 0;
      this.#words = new Uint32Array(exports.memory.buffer);
    } catch (error) {
      throw this.#dropAfter(error);
    }
    if (address === 0) throw new CoreError(`not enough memory for an input of ${length} bytes`);
    this.#buffer = new Uint8Array(this.#words.buffer, address, length);
  }

  #instantiate(): Exports {
    if (this.#exports !== undefined) return this.#exports;
    // The module's imports initialize a table for wasm-bindgen's glue, which is not used.
    const imports: Record<string, Record<string, () => void>> = {};
    for (const { module, name } of WebAssembly.Module.imports(this.#module)) (imports[module] ??= {})[name] = () => {};
    const exports = new WebAssembly.Instance(this.#module, imports).exports as unknown as Exports;
    const abi = exports.gridbid_abi();
    if (abi !== ABI) throw new Error(`gridbid.wasm has ABI version ${abi}, expected ${ABI}`);
    return (this.#exports = exports);
  }

  /** Returns the current view of the memory. */
  #memory(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.#instantiate().memory.buffer);
    return this.#words;
  }

  #readText(address: number, length: number): string {
    return length === 0 ? '' : decoder.decode(new Uint8Array(this.#memory().buffer, address, length));
  }

  /** Drops the instance, which no error leaves usable, and returns the error to throw. */
  #dropAfter(error: unknown): unknown {
    this.#drop();
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return error;
    return new CoreError(`core stopped at an input of ${this.length} bytes, most likely for lack of memory`, {
      cause: error,
    });
  }
}

function copyWords(words: Uint32Array, start: number, length: number): ArrayLike<number> {
  if (length > SHORT_COPY_WORDS) return words.slice(start, start + length);
  const copy = new Array<number>(length);
  for (let at = 0; at < length; at += 1) copy[at] = words[start + at] ?? 0;
  return copy;
}

let create: (() => Instance) | undefined;
let shared: Instance | undefined;

/** Sets core's module. Each entry point does so once. */
export function setModule(module: WebAssembly.Module, mayContain?: MayContain): void {
  create = () => new Instance(module, mayContain);
  shared = undefined;
}

/** Creates an instance for work that spans several ticks, such as a stream. */
export function createInstance(): Instance {
  if (create === undefined) throw new Error('core has no module: import `@gridbid/core` instead of one of its files');
  return create();
}

/** Returns the instance that all synchronous calls share. */
export function sharedInstance(): Instance {
  return (shared ??= createInstance());
}
