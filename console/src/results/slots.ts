/** What the results view derives from a day's slots. */

import type { Day, SlotStatus, SlotSummary } from '../api/contract.ts';
import { countOf } from '../format.ts';
import { clock, startOfDay } from '../time.ts';

/** Seconds between two slots of the schedule. */
export const PERIOD = 300;

/** How many slots have each status. */
export function countStatuses(slots: readonly SlotSummary[]): Record<SlotStatus, number> {
  const counts: Record<SlotStatus, number> = { done: 0, running: 0, failed: 0, missing: 0 };
  for (const { status } of slots) counts[status] += 1;
  return counts;
}

/** How many orders a slot has, as far as that is known. */
export function orderCount({ accepted = 0, rejected = 0, failed = 0 }: SlotSummary): number {
  return accepted + rejected + failed;
}

/** Whether someone should look at a slot. A rejection is business; a failure is not. */
export function needsAttention({ status, failed = 0 }: SlotSummary): boolean {
  return status === 'failed' || failed > 0;
}

/** A slot in one sentence, for tooltips and screen readers. */
export function describeSlot(slot: SlotSummary): string {
  const time = `${clock(slot.slot)} UTC`;
  switch (slot.status) {
    case 'missing':
      return `${time}: missing, no run`;
    case 'running':
      return `${time}: running${slot.polls === undefined ? '' : `, ${countOf(slot.polls, 'poll')}`}`;
    case 'failed':
    case 'done': {
      const counts =
        slot.accepted === undefined
          ? []
          : [`${slot.accepted} accepted`, `${slot.rejected ?? 0} rejected`, `${slot.failed ?? 0} failed`];
      const power = slot.total_power === undefined ? [] : [`power ${slot.total_power}`];
      const problem = slot.problem === undefined ? [] : [slot.problem];
      return `${time}: ${[slot.status, ...counts, ...power, ...problem].join(', ')}`;
    }
  }
}

/** The hours that the chart shows. */
export type Zoom = 24 | 6 | 1;

export interface Range {
  /** In seconds since 1970. */
  readonly from: number;
  readonly to: number;
}

const seconds = ({ slot }: SlotSummary): number => Date.parse(slot) / 1000;

/** The closest zoom that shows every slot that had a run; the whole day without any. */
export function fittingZoom({ slots }: Day): Zoom {
  const runs = slots.filter(({ status }) => status !== 'missing').map(seconds);
  if (runs.length === 0) return 24;
  const span = Math.max(...runs) - Math.min(...runs) + PERIOD;
  return span <= 3600 ? 1 : span <= 6 * 3600 ? 6 : 24;
}

/** The part of the day to show: the zoom's hours around the slot in focus, or up to the last run. */
export function rangeOf(day: Day, zoom: Zoom, focus: string | null): Range {
  const start = startOfDay(day.date);
  const end = start + 24 * 3600;
  const width = zoom * 3600;
  if (zoom === 24) return { from: start, to: end };
  const runs = day.slots.filter(({ status }) => status !== 'missing');
  const last = runs.at(-1) ?? day.slots.at(-1);
  const lastEnd = last === undefined ? end : seconds(last) + PERIOD;
  let to = Math.min(end, Math.ceil(lastEnd / 1800) * 1800);
  if (focus !== null) {
    const at = Date.parse(focus) / 1000;
    if (at >= to || at < to - width) to = Math.ceil((at + width / 2) / 1800) * 1800;
  }
  to = Math.min(end, Math.max(start + width, to));
  return { from: to - width, to };
}
