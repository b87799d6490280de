/**
 * The limits of a request, with the same field names as core's `Limits`.
 *
 * The defaults are those of `POST /orders`; the vectors verify that they equal core's. core enforces limits; this module
 * only checks that each one is in range.
 */

/** The limits of a request. */
export interface Limits {
  /** Maximum number of orders; 100 by default. */
  readonly orders: number;
  /** Maximum size in bytes of UTF-8; 262,144 (256 KiB) by default. */
  readonly bytes: number;
  /** Maximum nesting of arrays and objects, at most 255; 32 by default. */
  readonly depth: number;
  /** Maximum number of violations that a report lists; 100 by default. All are counted. */
  readonly listed: number;
}

/** Options of a call. */
export interface Options {
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits>;
}

/** The largest value of `orders`, `bytes` and `listed`. */
const MAX_U32 = 0xffff_ffff;
/** The largest value of `depth`. */
const MAX_DEPTH = 255;

/** The limits of `POST /orders`. */
export const DEFAULT_LIMITS: Limits = Object.freeze({ orders: 100, bytes: 262_144, depth: 32, listed: 100 });

/** The limits of streams: any number of orders, and as many bytes as fit into one JavaScript string. */
export const STREAM_LIMITS: Limits = Object.freeze({ ...DEFAULT_LIMITS, orders: MAX_U32, bytes: 500_000_000 });

/**
 * Applies the limits in the options to the defaults.
 *
 * @throws {RangeError} for a limit that is not an integer in range.
 * @throws {TypeError} for an unknown limit.
 */
export function resolveLimits(options: Options | undefined, defaults: Limits): Limits {
  const given = options?.limits;
  if (given === undefined) return defaults;
  let { orders, bytes, depth, listed } = defaults;
  // A switch instead of a table, because this runs on each call.
  for (const name in given) {
    switch (name) {
      case 'orders':
        orders = checkLimit(name, given[name], MAX_U32, orders);
        break;
      case 'bytes':
        bytes = checkLimit(name, given[name], MAX_U32, bytes);
        break;
      case 'depth':
        depth = checkLimit(name, given[name], MAX_DEPTH, depth);
        break;
      case 'listed':
        listed = checkLimit(name, given[name], MAX_U32, listed);
        break;
      default:
        throw new TypeError(`unknown limit \`${name}\`: expected one of ${Object.keys(DEFAULT_LIMITS).join(', ')}`);
    }
  }
  return { orders, bytes, depth, listed };
}

function checkLimit(name: keyof Limits, limit: number | undefined, max: number, byDefault: number): number {
  if (limit === undefined) return byDefault;
  if (Number.isInteger(limit) && limit >= 0 && limit <= max) return limit;
  throw new RangeError(`limit \`${name}\` must be an integer from 0 to ${max}, got \`${limit}\``);
}
