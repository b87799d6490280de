// Generates and mutates requests for tests, from a seed.

/** Returns a seeded generator of integers below a bound. */
export function dice(seed) {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

/** Returns `count` valid orders whose `parameter_1` starts with a text. */
export function orders(count, text = 'some text') {
  return Array.from({ length: count }, (_, index) => ({
    record_id: `order-${String(index).padStart(7, '0')}`,
    parameter_1: `${text} ${index}`,
    parameter_2: index % 3 === 0 ? index : index * 1.25,
  }));
}

/** Limits above any request of a test. */
export const AMPLE = { limits: { orders: 10_000_000, bytes: 1_000_000_000 } };

const TOKENS = ['[', ']', '{', '}', ',', ':', '"', '\\', ' ', '0', '-', '1e400', 'null', '\\u0041', '\\ud83d', 'é', '😀',
  '\ud83d', '\ude00', '\u0000', '\ufffd', '\uf8ff', '"record_id"', '"parameter_2":1,', '"x":[[[[', '99999999999999999999'];

/** Returns a text with a random change. */
export function mutate(text, roll) {
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
