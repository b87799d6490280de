/** What the page and its worker say to each other. */

import type { Edit } from '../orders/text.ts';

/** A violation with its place in the text. */
export interface Violation {
  readonly index: number | null;
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly from: number;
  readonly to: number;
  /** The line, from 1. */
  readonly line: number;
}

/** The verdict on a version of the text. */
export interface Verdict {
  readonly version: number;
  readonly valid: boolean;
  readonly orders: number;
  /** How many violations there are. */
  readonly total: number;
  /** How many of them can be listed. */
  readonly listed: number;
  /** The first violations. */
  readonly violations: readonly Violation[];
  /** Where watched orders are: the first place of each `record_id`. */
  readonly watched: readonly WatchedPlace[];
  /** Milliseconds that core needed. */
  readonly duration: number;
  readonly bytes: number;
}

export interface WatchedPlace {
  readonly recordId: string;
  readonly from: number;
  readonly to: number;
  readonly line: number;
}

/** A part of the text that is posted as one request. */
export interface Batch {
  readonly body: string;
  readonly recordIds: readonly string[];
}

/** The worker's methods: parameters and results. */
export interface Methods {
  /** Ends when core is loaded. */
  load: { parameters: Record<never, never>; result: null };
  /** Checks the text as it is then; null when a later edit has made the check pointless. */
  check: { parameters: { version: number; watched: readonly string[] }; result: Verdict | null };
  /** A page of the violations of the last check. */
  list: { parameters: { version: number; offset: number; count: number }; result: readonly Violation[] };
  /** The violations of the last check that are in a range of the text, at most `count`. */
  within: { parameters: { version: number; from: number; to: number; count: number }; result: readonly Violation[] };
  /** The nearest violation of the last check after or before a position, beginning again at the other end. */
  step: { parameters: { version: number; at: number; direction: 1 | -1 }; result: Violation | null };
  /** Converts the content of a file, or pasted text, to the text to edit. */
  read: { parameters: { content: ArrayBuffer | string; name: string }; result: { text: string; table: boolean } };
  /** Parses the text as it is now, for `batch`; the number of orders. */
  prepare: { parameters: Record<never, never>; result: number };
  /** A batch of the text that was prepared. */
  batch: { parameters: { number: number; size: number }; result: Batch };
}

export type MethodName = keyof Methods;

export type Request = {
  [Name in MethodName]: {
    readonly id: number;
    readonly method: Name;
    readonly parameters: Methods[Name]['parameters'];
  };
}[MethodName];

export type ToWorker =
  | Request
  /** The text, or an edit of it. */
  | { readonly text: string; readonly version: number }
  | { readonly edits: readonly Edit[]; readonly version: number };

export type FromWorker =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };
