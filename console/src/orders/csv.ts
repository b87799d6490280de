/**
 * Converts a table (RFC 4180, with comma, semicolon or tab) to the JSON of a request.
 *
 * Values are copied, not interpreted: a number keeps every digit that the table has, and what is not a JSON number is
 * written as a string, so that the rules report it. Which columns an order has is decided by the rules, too: a column of
 * another name becomes a field of that name.
 */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NUMERIC_COLUMN = 'parameter_2';
const KNOWN_COLUMN = /^\s*"?(?:record_id|parameter_1|parameter_2)"?\s*$/;
const DELIMITERS = [',', ';', '\t'] as const;

type Delimiter = (typeof DELIMITERS)[number];

/** A table that cannot be converted. */
export class TableError extends Error {
  override readonly name = 'TableError';
}

/** The delimiter of a table of orders, or null when the first line is not the header of one. */
export function detectTable(text: string): Delimiter | null {
  const start = text.startsWith('\ufeff') ? 1 : 0;
  const end = text.slice(start, start + 1000).search(/[\r\n]|$/);
  const header = text.slice(start, start + end);
  return (
    DELIMITERS.find(
      (delimiter) => header.includes(delimiter) && header.split(delimiter).some((name) => KNOWN_COLUMN.test(name)),
    ) ?? null
  );
}

/** Converts a table to JSON, one order per line. */
export function tableToJson(text: string, delimiter: Delimiter = detectTable(text) ?? ','): string {
  const rows = readRows(text.startsWith('\ufeff') ? text.slice(1) : text, delimiter);
  const first = rows.next();
  if (first.done === true) return '[]\n';
  const names = first.value.fields.map((name) => name.trim());
  const keys = names.map((name) => JSON.stringify(name));
  const orders: string[] = [];
  for (const { fields, line } of rows) {
    if (fields.length > names.length) {
      throw new TableError(`line ${line} has ${fields.length} fields, the header has ${names.length}`);
    }
    const members: string[] = [];
    for (const [column, field] of fields.entries()) {
      if (names[column] !== NUMERIC_COLUMN) members.push(`${keys[column]}: ${JSON.stringify(field)}`);
      // An empty amount is left out, and reported as missing.
      else if (field.trim() !== '')
        members.push(`${keys[column]}: ${NUMBER.test(field.trim()) ? field.trim() : JSON.stringify(field)}`);
    }
    orders.push(`  {${members.join(', ')}}`);
  }
  return orders.length === 0 ? '[]\n' : `[\n${orders.join(',\n')}\n]\n`;
}

interface Row {
  readonly fields: string[];
  /** The line that the row starts on, from 1. */
  readonly line: number;
}

/** Reads rows; blank lines are skipped. */
function* readRows(text: string, delimiter: Delimiter): Generator<Row, void, undefined> {
  let line = 1;
  for (let at = 0; at < text.length;) {
    const row: Row = { fields: [], line };
    for (;;) {
      let field: string;
      if (text[at] === '"') {
        const end = closingQuote(text, at, line);
        field = text.slice(at + 1, end).replaceAll('""', '"');
        line += countLineBreaks(text, at, end);
        at = end + 1;
        const next = text[at];
        if (next !== undefined && next !== delimiter && next !== '\n' && next !== '\r') {
          throw new TableError(
            `line ${line}: a quoted field must be followed by \`${delimiter === '\t' ? 'tab' : delimiter}\` or the end of the line`,
          );
        }
      } else {
        const start = at;
        while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at += 1;
        field = text.slice(start, at);
      }
      row.fields.push(field);
      if (text[at] !== delimiter) break;
      at += 1;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at += 2;
    else if (at < text.length) at += 1;
    line += 1;
    if (row.fields.length > 1 || row.fields[0] !== '') yield row;
  }
}

function closingQuote(text: string, open: number, line: number): number {
  for (let at = open + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) throw new TableError(`line ${line}: a quoted field has no closing quote`);
    if (text[at + 1] !== '"') return at;
  }
}

function countLineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
