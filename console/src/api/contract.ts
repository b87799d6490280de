/** The API's responses, as `docs/openapi.yaml` describes them. Amounts stay text: they are exact decimals. */

import {
  approximate,
  integer,
  list,
  nullable,
  object,
  oneOf,
  optional,
  text,
  withDefault,
  type Decoder,
} from './decode.ts';

/** 201 of `POST /orders`. */
export interface Receipt {
  readonly accepted: number;
  readonly stored: number;
  readonly unchanged: number;
  readonly expires_at: string;
}

export const receipt = object<Receipt>({ accepted: integer, stored: integer, unchanged: integer, expires_at: text });

/** The state of an order at the auction platform. */
export interface SubmissionState {
  readonly status: 'pending' | 'submitted' | 'refused';
  readonly at?: string | undefined;
  readonly slot?: string | undefined;
  readonly reason?: string | undefined;
}

/** 200 of `GET /orders/{record_id}`. */
export interface StoredOrder {
  readonly record_id: string;
  readonly parameter_1: string;
  readonly parameter_2: string;
  readonly accepted_at: string;
  readonly expires_at: string;
  readonly submitted_by?: string | undefined;
  /** Absent where no auction platform is configured. */
  readonly submission?: SubmissionState | undefined;
}

export const storedOrder = object<StoredOrder>({
  record_id: text,
  parameter_1: text,
  parameter_2: text,
  accepted_at: text,
  expires_at: text,
  submitted_by: optional(text),
  submission: optional(
    object<SubmissionState>({
      status: oneOf('pending', 'submitted', 'refused'),
      at: optional(text),
      slot: optional(text),
      reason: optional(text),
    }),
  ),
});

export type SlotStatus = 'running' | 'done' | 'failed' | 'missing';

/** What is known of one slot. Counts are absent until its run is done. */
export interface SlotSummary {
  readonly slot: string;
  readonly status: SlotStatus;
  readonly attempt?: number | undefined;
  readonly polls?: number | undefined;
  readonly accepted?: number | undefined;
  readonly rejected?: number | undefined;
  readonly failed?: number | undefined;
  readonly total_power?: string | undefined;
  readonly started_at?: string | undefined;
  readonly done_at?: string | undefined;
  readonly problem?: string | undefined;
}

const slotMembers: { readonly [Name in keyof SlotSummary]-?: Decoder<SlotSummary[Name]> } = {
  slot: text,
  status: oneOf('running', 'done', 'failed', 'missing'),
  attempt: optional(integer),
  polls: optional(integer),
  accepted: optional(integer),
  rejected: optional(integer),
  failed: optional(integer),
  total_power: optional(text),
  started_at: optional(text),
  done_at: optional(text),
  problem: optional(text),
};

/** 200 of `GET /results/{date}`. */
export interface Day {
  readonly date: string;
  readonly runs: number;
  readonly orders: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  readonly acceptance_rate: number | null;
  readonly total_power: string;
  /** Keys of stored objects that are not summaries: the counts lack them. */
  readonly unreadable: readonly string[];
  /** The day's slots up to now, ascending. */
  readonly slots: readonly SlotSummary[];
}

export const day = object<Day>({
  date: text,
  runs: integer,
  orders: integer,
  accepted: integer,
  rejected: integer,
  failed: integer,
  acceptance_rate: nullable(approximate),
  total_power: text,
  unreadable: list(text),
  slots: list(object<SlotSummary>(slotMembers)),
});

/** An order of a slot's results. */
export interface ResultOrder {
  readonly position: number;
  readonly outcome: 'accepted' | 'rejected' | 'failed';
  readonly record_id?: string | undefined;
  readonly power?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
}

/** 200 of `GET /results/{date}/{slot}`: a page of the slot's orders, none while the auction has not answered. */
export interface SlotPage extends SlotSummary {
  readonly total: number;
  readonly orders: readonly ResultOrder[];
  /** The cursor of the next page; null on the last one. */
  readonly next: string | null;
}

export const slotPage = object<SlotPage>({
  ...slotMembers,
  total: withDefault(integer, 0),
  orders: withDefault(
    list(
      object<ResultOrder>({
        position: integer,
        outcome: oneOf('accepted', 'rejected', 'failed'),
        record_id: optional(text),
        power: optional(text),
        code: optional(text),
        reason: optional(text),
      }),
    ),
    [],
  ),
  next: withDefault<string | null>(text, null),
});

/** A violation that the API reports. */
export interface ApiViolation {
  readonly index: number | null;
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** An order whose `record_id` is taken by other content. */
export interface Conflict {
  readonly index: number;
  readonly record_id: string;
}

/** A problem (RFC 9457). */
export interface Problem {
  readonly title?: string | undefined;
  readonly detail?: string | undefined;
  readonly total?: number | undefined;
  readonly violations?: readonly ApiViolation[] | undefined;
  readonly conflicts?: readonly Conflict[] | undefined;
  /** API Gateway's own errors have nothing else. */
  readonly message?: string | undefined;
}

export const problem = object<Problem>({
  title: optional(text),
  detail: optional(text),
  total: optional(integer),
  violations: optional(
    list(object<ApiViolation>({ index: nullable(integer), field: text, code: text, message: text })),
  ),
  conflicts: optional(list(object<Conflict>({ index: integer, record_id: text }))),
  message: optional(text),
});
