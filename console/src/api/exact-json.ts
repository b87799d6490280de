/** JSON without rounding: numbers are read as the text they are written in. */

/** A string, or a number outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON with every number as a string of its digits: `2.10` becomes `"2.10"`. `JSON.parse` alone would round an
 * amount to a double.
 *
 * @throws {SyntaxError} for what is not JSON.
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}
