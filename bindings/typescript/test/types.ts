// The package's types as a consumer's compiler sees them. `npm test` compiles this file; it never runs.

import {
  DEFAULT_LIMITS,
  dayReport,
  decideOutcome,
  InvalidOrdersError,
  orderHash,
  parseOrders,
  parseOrderStream,
  readResults,
  validateOrders,
  validateOrderStream,
  type DayReport,
  type Limits,
  type Order,
  type Orders,
  type Outcome,
  type Report,
  type Violation,
  type ViolationCode,
} from '@gridbid/core';

/** Compiles only if both types are equal. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;
const same = <A, B>(_: Same<A, B>): void => {};

declare const bytes: Uint8Array;
const report: Report = validateOrders(bytes, { limits: { orders: 1_000_000, bytes: 100_000_000 } });
const [violation]: readonly Violation[] = report.violations;
same<Violation['index'], number | null>(true);
same<Order['parameter_2'], string>(true);
// @ts-expect-error unknown code
const wrong: ViolationCode = 'not_jsn';
// @ts-expect-error a report is read-only
report.total = 0;
// @ts-expect-error unknown limit
validateOrders('[]', { limits: { order: 1 } });
// @ts-expect-error objects are not accepted: their numbers are already rounded
validateOrders([{ record_id: 'a', parameter_1: 'b', parameter_2: 2.1 }]);

/** A switch over all codes is complete. */
export function concernsWholeRequest(code: ViolationCode): boolean {
  switch (code) {
    case 'not_json':
    case 'not_utf8':
    case 'not_an_array':
    case 'empty_batch':
    case 'too_many_orders':
    case 'body_too_large':
    case 'nested_too_deep':
      return true;
    case 'not_an_object':
    case 'missing_field':
    case 'unknown_field':
    case 'duplicate_field':
    case 'wrong_type':
    case 'empty':
    case 'too_long':
    case 'invalid_characters':
    case 'too_precise':
    case 'out_of_range':
    case 'duplicate_record_id':
      return false;
  }
}

const orders: Orders = parseOrders('[]');
const array: Order[] = orders.toArray();
const ids: string[] = orders.column('record_id');
for (const { record_id: id } of orders) id.toUpperCase();
const last: Order | undefined = orders.at(-1);
// @ts-expect-error unknown field
orders.column('power');

export async function large(body: ReadableStream<Uint8Array>, file: AsyncIterable<Buffer>): Promise<number> {
  const [one, other]: [Report, Orders] = [await validateOrderStream(body), await parseOrderStream(file)];
  return one.total + other.length;
}

/** `status` discriminates outcomes. */
export function power(outcome: Outcome): string | undefined {
  switch (outcome.status) {
    case 'accepted':
      return outcome.power;
    case 'rejected':
      return outcome.message;
    case 'malformed':
      return outcome.code satisfies string;
  }
}

const results = readResults('{"results":false}');
if (results.ready) power(decideOutcome(results.orders[0] ?? orderHash('{}')));
// @ts-expect-error orders exist only when the results are ready
else results.orders;

const day: DayReport = dayReport(['{}', bytes]);
same<DayReport['total_power'], string>(true);

const limits: Limits = { ...DEFAULT_LIMITS, listed: 5 };
export const rest = [violation, wrong, array, ids, last, limits, day, InvalidOrdersError];
