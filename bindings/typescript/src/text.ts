/**
 * Inputs as UTF-8.
 *
 * A JavaScript string may contain a lone surrogate, which UTF-8 cannot represent. `TextEncoder` replaces it with U+FFFD and
 * so changes the text without an error. This module restores the three bytes that other languages write for it, so that
 * core reports it (`not_utf8`) exactly as it does for a client that sends those bytes.
 */

/** JSON as text, or as bytes of UTF-8. */
export type Input = string | Uint8Array | ArrayBuffer;

type Codecs = Pick<typeof globalThis, 'TextDecoder' | 'TextEncoder'>;

/** What only some hosts have. Bundlers would add a polyfill for the global names. */
const host = globalThis as {
  readonly Buffer?: { readonly prototype: { readonly indexOf: (byte: number) => number } };
  readonly process?: { getBuiltinModule?(name: 'node:util'): Codecs };
} & Partial<Codecs>;

/** The global ones, or Node's own where a test environment hides them, as jest's jsdom does. */
const { TextDecoder, TextEncoder } = (host.TextEncoder ? host : host.process?.getBuiltinModule?.('node:util')) as Codecs;

/** @internal */
export const encoder = new TextEncoder();
/** @internal */
export const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** @internal Throws for bytes that are not UTF-8. */
export const strictDecoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** Shorter texts, in bytes, are checked for lone surrogates without searching their encoding first. */
const MIN_SEARCHED_BYTES = 512;
/** The first byte of U+F000 to U+FFFF, which include the replacement character. */
const REPLACEMENT_LEAD_BYTE = 0xef;

/**
 * Views an input that is not a string as bytes.
 *
 * @throws {TypeError} for a value that is neither text nor bytes.
 */
export function toBytes(input: Exclude<Input, string>): Uint8Array {
  if (input instanceof Uint8Array) return input;
  // `instanceof` fails for objects of another realm, such as a test runner's sandbox.
  if (ArrayBuffer.isView(input)) {
    const { buffer, byteOffset, byteLength } = input as ArrayBufferView;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (isArrayBuffer(input)) return new Uint8Array(input);
  const found = input === null ? 'null' : Array.isArray(input) ? 'an array' : `a value of type ${typeof input}`;
  throw new TypeError(`expected a string, a Uint8Array or an ArrayBuffer, got ${found}`);
}

/** Whether a value is an `ArrayBuffer`, of this or another realm. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}

/** Encodes a text, in which a lone surrogate gets its three bytes. */
export function encode(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  restoreLoneSurrogate(text, bytes);
  return bytes;
}

/** Whether bytes may contain a byte. Only Node's `indexOf` runs at memory speed, forty times faster than `isWellFormed`. */
const mayContain: (bytes: Uint8Array, byte: number) => boolean =
  host.Buffer === undefined ? () => true : (bytes, byte) => host.Buffer?.prototype.indexOf.call(bytes, byte) !== -1;

/** Whether all surrogates of a text are paired. */
const isWellFormed: (text: string) => boolean =
  typeof String.prototype.isWellFormed === 'function'
    ? (text) => text.isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

/**
 * Restores the bytes of the first lone surrogate, which the encoder has replaced with U+FFFD. core reports only the first
 * invalid byte, so later ones do not matter.
 *
 * @param text the encoded text
 * @param bytes its encoding, which is changed
 */
export function restoreLoneSurrogate(text: string, bytes: Uint8Array): void {
  if (bytes.length >= MIN_SEARCHED_BYTES && !mayContain(bytes, REPLACEMENT_LEAD_BYTE)) return;
  if (isWellFormed(text)) return;
  let offset = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdfff) {
      offset += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    } else if (text.codePointAt(index) === unit) {
      bytes.set([0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)], offset);
      return;
    } else {
      offset += 4;
      index += 1;
    }
  }
}
