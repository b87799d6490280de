/**
 * How much one request may hold: core's limits, by core's names.
 *
 * The defaults are those of `POST /orders`; the vectors hold them to core's. What a limit means is decided by core; here
 * is only checked that a number can be one.
 */

/** How much one request may hold. */
export interface Limits {
  /** The most orders: 100 unless told otherwise. */
  readonly orders: number;
  /** The most bytes of UTF-8: 262,144 (256 KiB) unless told otherwise. */
  readonly bytes: number;
  /** How deep arrays and objects may lie in one another, at most 255: 32 unless told otherwise. */
  readonly depth: number;
  /** How many violations a report lists: 100 unless told otherwise. All are counted, always. */
  readonly listed: number;
}

/** What can be said to a call. */
export interface Options {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits>;
}

/** The largest limit of `orders`, `bytes` and `listed`. */
const MOST = 0xffff_ffff;
/** The largest limit of `depth`. */
const DEEPEST = 255;

/** The limits of `POST /orders`. */
export const DEFAULT_LIMITS: Limits = Object.freeze({ orders: 100, bytes: 262_144, depth: 32, listed: 100 });

/**
 * The limits of streams: as many orders as there are, in half a gigabyte, which is what fits into one JavaScript string.
 */
export const STREAM_LIMITS: Limits = Object.freeze({ ...DEFAULT_LIMITS, orders: MOST, bytes: 500_000_000 });

/**
 * The limits that a caller means.
 *
 * @throws {RangeError} for a limit that is no whole number, or too large to be one.
 * @throws {TypeError} for a limit that there is not.
 */
export function limitsOf(options: Options | undefined, defaults: Limits): Limits {
  const given = options?.limits;
  if (given === undefined) return defaults;
  let { orders, bytes, depth, listed } = defaults;
  // By name and not by a table: this is done for each call.
  for (const name in given) {
    switch (name) {
      case 'orders':
        orders = checked(name, given[name], MOST, orders);
        break;
      case 'bytes':
        bytes = checked(name, given[name], MOST, bytes);
        break;
      case 'depth':
        depth = checked(name, given[name], DEEPEST, depth);
        break;
      case 'listed':
        listed = checked(name, given[name], MOST, listed);
        break;
      default:
        throw new TypeError(`there is no limit \`${name}\`: there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`);
    }
  }
  return { orders, bytes, depth, listed };
}

function checked(name: keyof Limits, limit: number | undefined, largest: number, otherwise: number): number {
  if (limit === undefined) return otherwise;
  if (Number.isInteger(limit) && limit >= 0 && limit <= largest) return limit;
  throw new RangeError(`the limit \`${name}\` must be a whole number from 0 to ${largest}, not ${limit}`);
}
