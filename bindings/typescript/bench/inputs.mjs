// Generates the measured requests: in ASCII or Cyrillic, with all orders valid or 1 % invalid.
//
// They are deterministic; other languages read the same bytes from files (`bench.mjs --write-inputs`).

/** Prefixes of `parameter_1`. */
const TEXTS = { ascii: 'delivery hour', cyrillic: 'час поставки' };

/** Mutations, used in turn: each causes one violation of a rule that all compared libraries can check. */
const MUTATIONS = [
  (order) => ({ ...order, record_id: `two words ${order.record_id}` }),
  (order) => ({ ...order, parameter_1: '   ' }),
  (order) => ({ ...order, parameter_1: 7 }),
  (order) => ({ ...order, record_id: order.record_id.padEnd(129, 'x') }),
  (order) => ({ ...order, power: 1 }),
  (order) => ({ ...order, parameter_2: null }),
];

/**
 * Returns one request.
 *
 * @param {number} count number of orders
 * @param {'ascii' | 'cyrillic'} text
 * @param {boolean} isValid otherwise the last order of each hundred (or of fewer) is invalid
 */
export function request(count, text, isValid) {
  const orders = Array.from({ length: count }, (_, index) => {
    const order = {
      record_id: `order-${String(index).padStart(8, '0')}`,
      parameter_1: `${TEXTS[text]} ${index % 24}`,
      parameter_2: index % 3 === 0 ? index : (index * 125 + 25) / 100,
    };
    const isInvalid = !isValid && (index % 100 === 99 || (count < 100 && index === count - 1));
    return isInvalid ? MUTATIONS[Math.floor(index / 100) % MUTATIONS.length](order) : order;
  });
  return JSON.stringify(orders);
}

/** Returns the number of invalid orders in such a request. */
export function countInvalid(count, isValid) {
  return isValid ? 0 : Math.max(1, Math.floor(count / 100));
}

export const COUNTS = [1, 100, 10_000, 100_000];
export const KINDS = Object.keys(TEXTS);
