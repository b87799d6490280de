/**
 * Texts and bytes on their way to core, which reads bytes of UTF-8.
 *
 * A JavaScript string may hold half a surrogate pair, which has no UTF-8. `TextEncoder` writes U+FFFD in its place, and
 * so would silently make another text of it. Here such a half stays what it is: it is written as the three bytes that
 * it would have, which are not UTF-8, and core says so (`not_utf8`), as it does of a client that sends those bytes.
 */

/** What is read: JSON as text, or as bytes of UTF-8. */
export type Input = string | Uint8Array | ArrayBuffer;

/**
 * The bytes of an input that is not a string.
 *
 * @throws {TypeError} for what is neither text nor bytes.
 */
export function bytesOf(input: Exclude<Input, string>): Uint8Array {
  if (input instanceof Uint8Array) return input;
  // Of another realm, such as a test runner's sandbox, nothing is an instance of anything here.
  if (ArrayBuffer.isView(input)) {
    const { buffer, byteOffset, byteLength } = input as ArrayBufferView;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (Object.prototype.toString.call(input) === '[object ArrayBuffer]') return new Uint8Array(input);
  const given = input === null ? 'null' : Array.isArray(input) ? 'an array' : `of type ${typeof input}`;
  throw new TypeError(`the input must be a string, a Uint8Array or an ArrayBuffer; it is ${given}`);
}

/** Whether all surrogates of a text are paired. */
const isWellFormed: (text: string) => boolean =
  typeof String.prototype.isWellFormed === 'function'
    ? (text) => text.isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

/**
 * Puts the halves of surrogate pairs back that the encoder has replaced.
 *
 * @param text what was encoded
 * @param bytes where it was encoded to
 */
export function keepHalves(text: string, bytes: Uint8Array): void {
  if (isWellFormed(text)) return;
  let at = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code < 0xe000) {
      bytes[at] = 0xed;
      bytes[at + 1] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at + 2] = 0x80 | (code & 0x3f);
      // Core tells of the first one.
      return;
    }
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
}
