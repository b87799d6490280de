// Generates requests of every shape that clients send: escapes, numbers, white space, key orders and violations.

const KEYS = ['record_id', 'parameter_1', 'parameter_2'];
const KEY_ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

const id = (index) => `"order-${String(index).padStart(8, '0')}"`;
const text = (index) => `"delivery hour ${index % 24}"`;
const amount = (index) =>
  index % 3 === 0 ? String(index) : `${Math.floor((index * 5) / 4)}.${String((index * 25) % 100).padStart(2, '0')}`;
const plain = (index) => [id(index), text(index), amount(index)];

/** Returns a pseudo-random number that depends on the index alone. */
function scatter(index) {
  let mixed = BigInt.asUintN(64, (BigInt(index) + 7n) * 0x9e3779b97f4a7c15n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 29n)) * 0xbf58476d1ce4e5b9n);
  return Number(mixed >> 33n);
}

function digits(index, count) {
  const digits = Array.from({ length: count }, (_, place) => 1 + (scatter(index * 64 + place) % 9)).join('');
  return `${digits.slice(0, 2)}.${digits.slice(2)}`;
}

const escaped = (value) => [...Array(value.length).keys()].map((at) => `\\u${value.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

/** How a request writes its orders: white space before an order, before a member and before a closing brace, and the colon. */
const COMPACT = ['', '', '', ':'];
const indented = (space) => [`\n${space}`, `\n${space}${space}`, `\n${space}`, ': '];

const withText = (value) => ({ values: (index) => [id(index), value(index), amount(index)] });
const withAmount = (value) => ({ values: (index) => [id(index), text(index), value(index)] });

/** Shapes by name. A name has no `-`, which separates the parts of a file's name. Those that begin with `wrong` are invalid. */
export const SHAPES = {
  plain: {},
  'spaces of json.dumps': { space: ['', '', '', ': '] },
  'escape in 1 of 100': withText((index) => (index === 50 ? '"Z\\u00fcrich"' : text(index))),
  'escape in 10 of 100': withText((index) => (index % 10 === 5 ? '"Z\\u00fcrich"' : text(index))),
  'escape in each': withText((index) => `"Z\\u00fcrich ${index}"`),
  'escaped slash in each': withText((index) => `"hour\\/${index}"`),
  'escape in each id': { values: (index) => [`"order\\u002d${String(index).padStart(8, '0')}"`, text(index), amount(index)] },
  'Cyrillic, escaped': withText((index) => `"${escaped('час поставки')} ${index}"`),
  'emoji, escaped': withText((index) => `"\\ud83d\\ude00 ${index}"`),
  'exponent in each': withAmount((index) => `${index + 1}.5e${index % 7}`),
  '16 to 17 digits': withAmount((index) => digits(index, 16 + (index % 2))),
  '20 digits': withAmount((index) => digits(index, 20)),
  '38 digits': withAmount((index) => digits(index, 38)),
  'indent 2': { space: indented('  ') },
  'indent 4': { space: indented('    ') },
  'indent 8': { space: indented('        ') },
  tabs: { space: ['\n\t', '\n\t\t', '\n\t', ': '] },
  'one order a line, CRLF': { space: ['\r\n', '', '', ':'] },
  'two key orders': { keys: (index) => (index % 2 === 0 ? KEY_ORDERS[0] : KEY_ORDERS[5]) },
  'random key order': { keys: (index) => KEY_ORDERS[scatter(index) % KEY_ORDERS.length] },
  'raw umlauts': withText((index) => `"Zürich ${index}"`),
  'raw Cyrillic': withText((index) => `"час поставки ${index}"`),
  'raw Japanese': withText((index) => `"入札の時間 ${index}"`),
  'raw emoji': withText((index) => `"hour 😀 ${index}"`),
  'raw degree signs': withText((index) => `"${index} °C, £½"`),
  'wrong: amount is a string': withAmount((index) => `"${amount(index)}"`),
  'wrong: blank text': withText(() => '"   "'),
  'wrong: space in id': { values: (index) => [`"order ${index}"`, text(index), amount(index)] },
  'wrong: long text': withText(() => `"${'x'.repeat(257)}"`),
  'wrong: amount out of range': withAmount(() => '1e400'),
  'wrong: null and numbers': { values: (index) => ['null', String(index), 'true'] },
  'wrong: same id': { values: (index) => [id(0), text(index), amount(index)] },
  'wrong: unknown field': withAmount((index) => `${amount(index)},"power":1`),
  '1 order': { orders: 1 },
  '1 order, indent 2': { orders: 1, space: indented('  ') },
  '1 order, indent 4': { orders: 1, space: indented('    ') },
};

export const countOrders = (name) => SHAPES[name].orders ?? 100;
export const isValidShape = (name) => !name.startsWith('wrong');

/** Returns the request of a shape. */
export function shapedRequest(name) {
  const { space = COMPACT, keys = () => KEY_ORDERS[0], values = plain } = SHAPES[name];
  const [beforeOrder, beforeMember, beforeBrace, colon] = space;
  const comma = colon === ': ' && beforeOrder === '' ? ', ' : ',';
  const orders = Array.from({ length: countOrders(name) }, (_, index) => {
    const all = values(index);
    const members = keys(index).map((field) => `${beforeMember}"${KEYS[field]}"${colon}${all[field]}`);
    return `${beforeOrder}{${members.join(comma)}${beforeBrace}}`;
  });
  return `[${orders.join(comma)}]`;
}
