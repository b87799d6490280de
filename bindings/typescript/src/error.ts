/** The error of a call that has no answer, whatever was asked. What is wrong with an input is never one of these. */

/**
 * core could not finish, most likely because there was no memory for it. There is no answer; the next call works on a
 * new instance.
 */
export class CoreError extends Error {
  override readonly name = 'CoreError';
}
