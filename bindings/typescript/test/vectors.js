// Runs the repository's vectors, which every language runs, against this package; see core/vectors/README.md.
//
// It uses no API of Node, because browsers run it too. Each input is passed as bytes and, if it is UTF-8, as text; results are
// compared as JSON text.

/** Returns the bytes of a vector's input. */
export function toBytes(input) {
  if (typeof input === 'string') return new TextEncoder().encode(input);
  if (Array.isArray(input)) return concat(input.map(toBytes));
  const { hex, times, of, join = '' } = input;
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  if (times !== undefined) {
    return toBytes(Array.from({ length: times }, (_, time) => of.replaceAll('#', String(time))).join(join));
  }
  throw new Error(`unknown form of input: ${JSON.stringify(input)}`);
}

function concat(parts) {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Decodes bytes if they are UTF-8. */
export function toText(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Runs a request and returns the result in the form of a vector's expectation. */
function runBody(api, input, { limits, orders: expected }) {
  const options = limits === undefined ? undefined : { limits };
  const report = api.validateOrders(input, options);
  const rejection = { total: report.total, violations: report.violations };
  let orders;
  try {
    orders = api.parseOrders(input, options);
  } catch (error) {
    if (!(error instanceof api.InvalidOrdersError)) throw error;
    const { total, violations } = error.report;
    const [checked, parsed] = [rejection, { total, violations }].map((value) => JSON.stringify(value));
    if (report.valid || checked !== parsed) throw new Error(`checked as ${checked}, parsed as ${parsed}`);
    return rejection;
  }
  if (!report.valid || report.orders !== orders.length) throw new Error('parsed, but reported as invalid');
  const rows = orders.map(({ record_id, parameter_1, parameter_2 }) => [record_id, parameter_1, parameter_2]);
  const columns = ['record_id', 'parameter_1', 'parameter_2'].map((field) => orders.column(field));
  const across = rows.map((_, index) => columns.map((column) => column[index]));
  if (JSON.stringify(across) !== JSON.stringify(rows)) throw new Error('columns and rows differ');
  if (Array.isArray(expected)) return { orders: rows };
  return { orders: { count: rows.length, first: rows[0], last: rows.at(-1) } };
}

function runAnswer(api, input) {
  try {
    const results = api.readResults(input);
    return results.ready ? { lines: results.orders.map((order) => `${order}\n`).join('') } : results;
  } catch (error) {
    if (!(error instanceof api.InvalidResultsError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

function runOrder(api, input) {
  const { status, ...rest } = api.decideOutcome(input);
  if (status === 'rejected') return { rejected: rest.message };
  if (status === 'accepted' && api.orderHash(input) !== rest.sha256) throw new Error('orderHash and decideOutcome differ');
  return { [status]: rest };
}

/** Returns a case's expectation and the outcomes of its input, as JSON. */
function run(api, { name: _, limits, ...members }) {
  const [kind] = ['body', 'answer', 'order'].filter((kind) => kind in members);
  if (kind === undefined) throw new Error('unknown kind of case');
  const { [kind]: given, ...expected } = members;
  if (expected.lines !== undefined) expected.lines = toText(toBytes(expected.lines));
  const bytes = toBytes(given);
  const asText = toText(bytes);
  const runCase = { body: runBody, answer: runAnswer, order: runOrder }[kind];
  const outcomes = [bytes, ...(asText === undefined ? [] : [asText])].map((input) => {
    const orders = expected.orders;
    return JSON.stringify(runCase(api, input, { limits, orders }));
  });
  return { expected: JSON.stringify(expected), outcomes };
}

/**
 * Runs the cases of vector files. Returns their number and a description of each failure.
 *
 * @param api the package
 * @param {Record<string, {cases: object[]}>} files vector files by name
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
          if (outcome !== expected) wrong.push(`${file}: ${vector.name}\n  expected ${expected}\n  actual   ${outcome}`);
        }
      } catch (error) {
        wrong.push(`${file}: ${vector.name}\n  ${error}`);
      }
    }
  }
  return { count, wrong };
}
