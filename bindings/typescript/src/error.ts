/** The error of a call that core could not finish. Invalid input never causes it. */

/**
 * core stopped before it had a result, most likely because memory ran out. Its instance is discarded; later calls use a new
 * one.
 */
export class CoreError extends Error {
  override readonly name = 'CoreError';
}
