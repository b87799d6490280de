// Runs the repository's vectors, the cases that every language runs, against this package; see core/vectors/README.md.
//
// It knows nothing of Node, since a page in a browser runs it too. Every request is read as bytes and, where it is
// UTF-8, as text; what comes out is compared to the letter, as JSON.

/** @param {unknown} input a vector's input @returns {Uint8Array} its bytes */
export function bytesOf(input) {
  if (typeof input === 'string') return new TextEncoder().encode(input);
  if (Array.isArray(input)) return joined(input.map(bytesOf));
  const { hex, times, of, join = '' } = input;
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  if (times !== undefined) {
    return bytesOf(Array.from({ length: times }, (_, time) => of.replaceAll('#', String(time))).join(join));
  }
  throw new Error(`no part of an input: ${JSON.stringify(input)}`);
}

function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The text of some bytes, if they are UTF-8. */
export function textOf(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const text = (input) => textOf(bytesOf(input));

/** What comes of a request, in the form of the case's expectation. */
function ofBody(api, input, { limits, orders: expected }) {
  const options = limits === undefined ? undefined : { limits };
  const report = api.validateOrders(input, options);
  const told = { total: report.total, violations: report.violations };
  let orders;
  try {
    orders = api.parseOrders(input, options);
  } catch (error) {
    if (!(error instanceof api.InvalidOrdersError)) throw error;
    const { total, violations } = error.report;
    const both = [told, { total, violations }].map((told) => JSON.stringify(told));
    if (report.valid || both[0] !== both[1]) throw new Error(`checked as ${both[0]}, parsed as ${both[1]}`);
    return told;
  }
  if (!report.valid || report.orders !== orders.length) throw new Error('parsed, and not valid');
  const rows = orders.map(({ record_id, parameter_1, parameter_2 }) => [record_id, parameter_1, parameter_2]);
  const columns = ['record_id', 'parameter_1', 'parameter_2'].map((field) => orders.column(field));
  const across = rows.map((_, index) => columns.map((column) => column[index]));
  if (JSON.stringify(across) !== JSON.stringify(rows)) throw new Error('columns and rows differ');
  if (Array.isArray(expected)) return { orders: rows };
  return { orders: { count: rows.length, first: rows[0], last: rows.at(-1) } };
}

function ofAnswer(api, input) {
  try {
    const results = api.readResults(input);
    return results.ready ? { passed_on: { results: true, orders: results.orders } } : { passed_on: { results: false } };
  } catch (error) {
    if (!(error instanceof api.InvalidResultsError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

function ofOrder(api, input) {
  const { status, ...rest } = api.decideOutcome(input);
  if (status === 'rejected') return { rejected: rest.message };
  if (status === 'accepted' && api.orderHash(input) !== rest.sha256) throw new Error('the hash is another one');
  return { [status]: rest };
}

/** What a case expects, and what comes of its input. */
function run(api, { name: _, limits, ...members }) {
  const [kind] = ['body', 'answer', 'order'].filter((kind) => kind in members);
  if (kind === undefined) throw new Error('a case with no input that is known here');
  const { [kind]: given, ...expected } = members;
  // The text that is passed on stands in a vector, the value that it is in the package's answer.
  if (expected.passed_on !== undefined) expected.passed_on = JSON.parse(text(expected.passed_on));
  const bytes = bytesOf(given);
  const asText = textOf(bytes);
  const of = { body: ofBody, answer: ofAnswer, order: ofOrder }[kind];
  const outcomes = [bytes, ...(asText === undefined ? [] : [asText])].map((input) => {
    const orders = expected.orders;
    return JSON.stringify(of(api, input, { limits, orders }));
  });
  return { expected: JSON.stringify(expected), outcomes };
}

/**
 * Runs the cases of some files: how many there were, and a line for each whose outcome is another one.
 *
 * @param api the package
 * @param {Record<string, {cases: object[]}>} files by their names
 */
export function runVectors(api, files) {
  const wrong = [];
  let count = 0;
  for (const [file, { cases }] of Object.entries(files)) {
    for (const vector of cases) {
      count += 1;
      try {
        const { expected, outcomes } = run(api, vector);
        for (const outcome of outcomes) {
          if (outcome !== expected) wrong.push(`${file}: ${vector.name}\n  expected ${expected}\n  given    ${outcome}`);
        }
      } catch (error) {
        wrong.push(`${file}: ${vector.name}\n  ${error}`);
      }
    }
  }
  return { count, wrong };
}
