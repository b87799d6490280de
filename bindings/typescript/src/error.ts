/** The error of a call that core could not finish. Invalid input never causes it. */

/**
 * core stopped before it had a result, most likely because memory ran out. The next call runs on a new instance and
 * works.
 */
export class CoreError extends Error {
  override readonly name = 'CoreError';
}
