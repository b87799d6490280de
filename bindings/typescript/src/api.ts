/** The public API of `@gridbid/core`, which the entry points for Node and for browsers re-export. */

export { CoreError } from './error.js';
export { DEFAULT_LIMITS, STREAM_LIMITS, type Limits, type Options } from './limits.js';
export { parseOrders, validateOrders, type Order, type Orders } from './orders.js';
export {
  decideOutcome,
  InvalidResultsError,
  MALFORMED_CODES,
  MalformedOrderError,
  orderHash,
  readResults,
  RESULTS_CODES,
  type MalformedCode,
  type Outcome,
  type Results,
  type ResultsCode,
} from './results.js';
export { parseOrderStream, validateOrderStream, type Chunks, type ChunkStream } from './stream.js';
export type { Input } from './text.js';
export {
  InvalidOrdersError,
  VIOLATION_CODES,
  type Report,
  type Violation,
  type ViolationCode,
} from './violation.js';
