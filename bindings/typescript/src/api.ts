/** The public API of `@gridbid/core`, which all entry points re-export. */

export { CoreError } from './error.js';
export { DEFAULT_LIMITS, STREAM_LIMITS, type Limits, type Options } from './limits.js';
export { parseOrders, validateOrders, type Order, type Orders } from './orders.js';
export {
  dayReport,
  decideOutcome,
  InvalidResultsError,
  InvalidSummariesError,
  MALFORMED_CODES,
  MalformedOrderError,
  orderHash,
  readResults,
  RESULTS_CODES,
  SUMMARIES_CODES,
  type DayReport,
  type MalformedCode,
  type Outcome,
  type Results,
  type ResultsCode,
  type SummariesCode,
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
