/**
 * core's WASM module as an instance: its memory, its calls, and what happens when it cannot go on.
 *
 * Every call goes through the module's plain exports on linear memory: the input is encoded straight into it, numbers
 * are read out of it. wasm-bindgen's glue is left out on purpose, for seldom calls too: it would be a second way in,
 * with a copy of the input more, and it knows nothing of replacing an instance. One that has trapped, or has grown large
 * for one huge input, is dropped; the next call makes another. Rules and sentences are all core's.
 */

import { CoreError } from './error.js';
import type { Limits } from './limits.js';
import { bytesOf, keepHalves, type Input } from './text.js';

/** What the module exports; addresses and numbers are unsigned words of 32 bits. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  gridbid_abi(): number;
  gridbid_input(length: number): number;
  gridbid_check(length: number, orders: number, bytes: number, depth: number, listed: number): number;
  gridbid_parse(length: number, orders: number, bytes: number, depth: number, listed: number): number;
  gridbid_answer(length: number): number;
  gridbid_decision(length: number): number;
  gridbid_canonical(length: number): number;
}

/** The calls that answer a JSON text and know no limits. */
export type Question = 'gridbid_answer' | 'gridbid_decision' | 'gridbid_canonical';

/** Valid orders as places: for each a row of words (core's `batch::Row`), and the text that some places lie in. */
export interface Rows {
  readonly rows: ArrayLike<number>;
  readonly beside: string;
}

/** Whether some bytes may hold a byte. A host that cannot tell faster than by looking says that they may. */
export type MayHold = (bytes: Uint8Array, byte: number) => boolean;

/** The version of the module's ABI that this file is written for. */
const ABI = 3;
/** Words in a row. */
export const ROW = 7;
/** So many words are few: those of 16 orders. */
const FEW = 16 * ROW;
/** The room that every instance has for its input, in bytes. */
const ROOM = 192 * 1024;
/** A code unit of UTF-16 becomes at most so many bytes; texts that fit so into the first room are encoded at once. */
const WIDEST = 3;
/** An instance with more memory than this, in bytes, is not kept: WASM memory never shrinks. */
const KEPT = 64 * 1024 * 1024;
/** A text of fewer bytes is looked at itself for halves of surrogate pairs. */
const LOOKED_AT = 512;
/** The first byte of U+FFFD, and of all else from U+F000 to U+FFFF. */
const REPLACED = 0xef;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** An instance of core's module. What is read is loaded first; what is loaded can be asked about repeatedly. */
export class Instance {
  readonly #module: WebAssembly.Module;
  readonly #mayHold: MayHold;
  #exports: Exports | undefined;
  /** All of the memory as words, and the room for the input as bytes. Both have length 0 once the memory has grown. */
  #words = new Uint32Array(0);
  #room = new Uint8Array(0);

  /** The number of bytes that are loaded. */
  length = 0;
  /** How many elements the array has that was checked or parsed last, and how many violations. */
  orders = 0;
  total = 0;

  constructor(module: WebAssembly.Module, mayHold: MayHold = () => true) {
    this.#module = module;
    this.#mayHold = mayHold;
  }

  /**
   * Loads an input. Of one with more bytes than `most` only the length: core looks at nothing else of it.
   *
   * @throws {CoreError} when there is no memory for it.
   */
  load(input: Input, most: number): void {
    if (typeof input !== 'string') {
      const bytes = bytesOf(input);
      this.length = 0;
      this.receive(bytes, most);
      return;
    }
    const units = input.length;
    if (units > most) {
      this.#reserve(ROOM);
      this.length = this.#measured(input);
      this.#reserve(this.length);
      return;
    }
    const needed = WIDEST * units <= ROOM ? ROOM : units;
    if (this.#room.length < needed) this.#reserve(needed);
    const { read, written } = encoder.encodeInto(input, this.#room);
    this.length = written;
    // As many bytes as code units: ASCII, which is all there and has no surrogates.
    if (read !== units || written !== units) this.#loadOther(input, read);
  }

  /** Loads the rest of a text that is not ASCII, of which so many code units are there. */
  #loadOther(text: string, units: number): void {
    for (let read = units; read < text.length; ) {
      this.#reserve(this.length + WIDEST * (text.length - read));
      const more = encoder.encodeInto(text.slice(read), this.#room.subarray(this.length));
      read += more.read;
      this.length += more.written;
    }
    const isShort = this.length < LOOKED_AT;
    if (isShort || this.#mayHold(this.#room.subarray(0, this.length), REPLACED)) keepHalves(text, this.#room);
  }

  /** How many bytes a text has as UTF-8. */
  #measured(text: string): number {
    let length = 0;
    for (let at = 0; at < text.length; ) {
      const { read, written } = encoder.encodeInto(text.slice(at, at + ROOM), this.#room);
      at += read;
      length += written;
    }
    return length;
  }

  /**
   * Loads some more bytes: how many there are now. When they are more than `most`, what they are is left out.
   *
   * @throws {CoreError} when there is no memory for them.
   */
  receive(bytes: Uint8Array, most: number): number {
    const length = this.length + bytes.length;
    if (this.#room.length < length) this.#reserve(Math.max(ROOM, length));
    if (length <= most) this.#room.set(bytes, this.length);
    this.length = length;
    return length;
  }

  /** Checks what is loaded: core's report as JSON, if there are violations. */
  check({ orders, bytes, depth, listed }: Limits): string | undefined {
    try {
      return this.#judged(this.#started().gridbid_check(this.length, orders, bytes, depth, listed) >>> 2);
    } catch (error) {
      throw this.#gaveUp(error);
    }
  }

  /** Parses what is loaded, with places in code units of UTF-16, or gives core's report as JSON. */
  parse({ orders, bytes, depth, listed }: Limits): Rows | string {
    try {
      const at = this.#started().gridbid_parse(this.length, orders, bytes, depth, listed) >>> 2;
      const report = this.#judged(at);
      if (report !== undefined) return report;
      const words = this.#memory();
      const start = (words[at + 4] ?? 0) >>> 2;
      return { rows: copied(words, start, ROW * this.orders), beside: this.#text(words[at + 5] ?? 0, words[at + 6] ?? 0) };
    } catch (error) {
      throw this.#gaveUp(error);
    }
  }

  /** Takes notice of a verdict: the report that comes with it, if there are violations. */
  #judged(at: number): string | undefined {
    const words = this.#memory();
    this.orders = words[at] ?? 0;
    this.total = words[at + 1] ?? 0;
    return this.total === 0 ? undefined : this.#text(words[at + 2] ?? 0, words[at + 3] ?? 0);
  }

  /** core's answer to a question about what is loaded, as JSON. */
  ask(question: Question): string {
    try {
      return this.#told(this.#started()[question](this.length));
    } catch (error) {
      throw this.#gaveUp(error);
    }
  }

  /** What is loaded, as text. */
  text(): string {
    if (this.#room.length < this.length) this.#reserve(this.length);
    return decoder.decode(this.#room.subarray(0, this.length));
  }

  /** Ends a piece of work: an instance that has grown large for it is not kept. */
  rest(): void {
    if (this.#words.byteLength > KEPT) this.#drop();
  }

  #drop(): void {
    this.#exports = undefined;
    this.#words = new Uint32Array(0);
    this.#room = new Uint8Array(0);
  }

  /** Makes room for an input of so many bytes; what is loaded stays. */
  #reserve(length: number): void {
    let address = 0;
    try {
      const exports = this.#started();
      // A number of 33 bits would come out as another one.
      if (length <= 0xffff_ffff) address = exports.gridbid_input(length) >>> 0;
      this.#words = new Uint32Array(exports.memory.buffer);
    } catch (error) {
      throw this.#gaveUp(error);
    }
    if (address === 0) throw new CoreError(`there is no memory for an input of ${length} bytes`);
    this.#room = new Uint8Array(this.#words.buffer, address, length);
  }

  #started(): Exports {
    return (this.#exports ??= this.#start());
  }

  #start(): Exports {
    // The module's imports prepare a table for wasm-bindgen's glue, which is not there.
    const imports: Record<string, Record<string, () => void>> = {};
    for (const { module, name } of WebAssembly.Module.imports(this.#module)) (imports[module] ??= {})[name] = () => {};
    const exports = new WebAssembly.Instance(this.#module, imports).exports as unknown as Exports;
    const abi = exports.gridbid_abi();
    if (abi !== ABI) throw new Error(`gridbid.wasm speaks version ${abi} of its ABI, this package version ${ABI}`);
    return exports;
  }

  /** The memory as it is now. */
  #memory(): Uint32Array {
    if (this.#words.length === 0) this.#words = new Uint32Array(this.#started().memory.buffer);
    return this.#words;
  }

  /** The text whose address and length lie at an address. */
  #told(address: number): string {
    const at = address >>> 2;
    const words = this.#memory();
    return this.#text(words[at] ?? 0, words[at + 1] ?? 0);
  }

  #text(address: number, length: number): string {
    return length === 0 ? '' : decoder.decode(new Uint8Array(this.#memory().buffer, address, length));
  }

  /** What a call that ended with an error ends with: the instance is of no use any more, whatever the error was. */
  #gaveUp(error: unknown): unknown {
    this.#drop();
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return error;
    return new CoreError(`core gave up on an input of ${this.length} bytes: not enough memory, most likely`, {
      cause: error,
    });
  }
}

/** Words of memory, for keeping. A typed array of its own is dear to make: a few words are cheaper as an array. */
function copied(words: Uint32Array, start: number, length: number): ArrayLike<number> {
  if (length > FEW) return words.slice(start, start + length);
  const copy = new Array<number>(length);
  for (let at = 0; at < length; at += 1) copy[at] = words[start + at] ?? 0;
  return copy;
}

let make: (() => Instance) | undefined;
let common: Instance | undefined;

/** Says which module is core's. Called by the package's entries, once. */
export function provide(module: WebAssembly.Module, mayHold?: MayHold): void {
  make = () => new Instance(module, mayHold);
  common = undefined;
}

/** An instance of one's own, for work that lasts beyond a call. */
export function ownInstance(): Instance {
  if (make === undefined) throw new Error('import `@gridbid/core` itself, not a file of it');
  return make();
}

/** The instance for all that is done within a call. */
export function instance(): Instance {
  return (common ??= ownInstance());
}
