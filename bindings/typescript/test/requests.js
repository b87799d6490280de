// Requests that tests make: many orders, of a seed, and what mutates them.

/** A repeatable source of whole numbers below a bound. */
export function dice(seed) {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

/** So many valid orders; with a text of one's own in each. */
export function orders(count, text = 'some text') {
  return Array.from({ length: count }, (_, index) => ({
    record_id: `order-${String(index).padStart(7, '0')}`,
    parameter_1: `${text} ${index}`,
    parameter_2: index % 3 === 0 ? index : index * 1.25,
  }));
}

/** Limits that no request of a test reaches. */
export const AMPLE = { limits: { orders: 10_000_000, bytes: 1_000_000_000 } };

const TOKENS = ['[', ']', '{', '}', ',', ':', '"', '\\', ' ', '0', '-', '1e400', 'null', '\\u0041', '\\ud83d', 'é', '😀',
  '\ud83d', '\ude00', '\u0000', '\ufffd', '\uf8ff', '"record_id"', '"parameter_2":1,', '"x":[[[[', '99999999999999999999'];

/** A text with a change somewhere. */
export function mutated(text, roll) {
  const at = roll(text.length + 1);
  const token = TOKENS[roll(TOKENS.length)];
  switch (roll(3)) {
    case 0:
      return text.slice(0, at) + token + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + roll(6));
    default:
      return text.slice(0, at) + token + text.slice(at + token.length);
  }
}
