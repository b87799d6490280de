// The requests that are measured: so many orders, in ASCII or not, all valid or one in a hundred not.
//
// They are the same each time and everywhere; other languages are given the very bytes (`bench.mjs --write-inputs`).

/** What stands in `parameter_1`, by the name of the text. */
const TEXTS = { ascii: 'delivery hour', cyrillic: 'час поставки' };

/** What makes an order invalid, in turn: one violation each, and only of rules that all of the compared libraries can check. */
const WRONGS = [
  (order) => ({ ...order, record_id: `two words ${order.record_id}` }),
  (order) => ({ ...order, parameter_1: '   ' }),
  (order) => ({ ...order, parameter_1: 7 }),
  (order) => ({ ...order, record_id: order.record_id.padEnd(129, 'x') }),
  (order) => ({ ...order, power: 1 }),
  (order) => ({ ...order, parameter_2: null }),
];

/**
 * One request.
 *
 * @param {number} count how many orders
 * @param {'ascii' | 'cyrillic'} text
 * @param {boolean} isValid whether all are valid; otherwise the last of each hundred (and of all) is not
 */
export function request(count, text, isValid) {
  const orders = Array.from({ length: count }, (_, index) => {
    const order = {
      record_id: `order-${String(index).padStart(8, '0')}`,
      parameter_1: `${TEXTS[text]} ${index % 24}`,
      parameter_2: index % 3 === 0 ? index : (index * 125 + 25) / 100,
    };
    const isWrong = !isValid && (index % 100 === 99 || (count < 100 && index === count - 1));
    return isWrong ? WRONGS[Math.floor(index / 100) % WRONGS.length](order) : order;
  });
  return JSON.stringify(orders);
}

/** How many orders of such a request are invalid. */
export function wrongs(count, isValid) {
  return isValid ? 0 : Math.max(1, Math.floor(count / 100));
}

export const COUNTS = [1, 100, 10_000, 100_000];
export const KINDS = Object.keys(TEXTS);
