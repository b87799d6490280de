/** The day's slots as a table: the chart's data for everyone. */

import { useSignal } from '@preact/signals';

import type { Day, SlotSummary } from '../api/contract.ts';
import { formatCount, groupDigits } from '../format.ts';
import { clock } from '../time.ts';
import { needsAttention } from './slots.ts';

interface Props {
  readonly day: Day;
  readonly open: string | null;
  readonly onOpen: (slot: string) => void;
}

const FILTERS = [
  ['all', 'All'],
  ['runs', 'With a run'],
  ['rejected', 'With rejections'],
  ['attention', 'With failures'],
] as const;

type FilterName = (typeof FILTERS)[number][0];

const PASSES: Readonly<Record<FilterName, (slot: SlotSummary) => boolean>> = {
  all: () => true,
  runs: ({ status }) => status !== 'missing',
  rejected: ({ rejected = 0 }) => rejected > 0,
  attention: needsAttention,
};

export function SlotList({ day, open, onOpen }: Props) {
  const filter = useSignal<FilterName>('runs');
  // The newest slot is the one that people look for.
  const shown = day.slots.filter(PASSES[filter.value]).reverse();
  return (
    <section class="card slot-list" aria-labelledby="slots-title">
      <div class="card-head">
        <h2 id="slots-title">Slots</h2>
        <label class="inline small">
          Show{' '}
          <select value={filter.value} onChange={(event) => (filter.value = event.currentTarget.value as FilterName)}>
            {FILTERS.map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {shown.length === 0 ? (
        <p class="muted">No slot matches.</p>
      ) : (
        <div class="table-box scroll" role="region" aria-label="List of slots" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Slot</th>
                <th scope="col">Status</th>
                <th scope="col" class="number">
                  Acc.
                </th>
                <th scope="col" class="number">
                  Rej.
                </th>
                <th scope="col" class="number">
                  Failed
                </th>
                <th scope="col" class="number">
                  Power
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((slot) => (
                <tr key={slot.slot} class={slot.slot === open ? 'selected' : undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      class="link"
                      aria-current={slot.slot === open ? 'true' : undefined}
                      onClick={() => onOpen(slot.slot)}
                    >
                      {clock(slot.slot)}
                    </button>
                  </th>
                  <td>
                    <StatusChip slot={slot} />
                  </td>
                  <td class="number">{count(slot.accepted)}</td>
                  <td class="number">{count(slot.rejected)}</td>
                  <td class="number">{count(slot.failed)}</td>
                  <td class="number">{slot.total_power === undefined ? '–' : groupDigits(slot.total_power)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function count(value: number | undefined): string {
  return value === undefined ? '–' : formatCount(value);
}

const TONES = { done: 'ok', running: 'run', failed: 'bad', missing: '' } as const;

export function StatusChip({ slot }: { readonly slot: Pick<SlotSummary, 'status'> }) {
  return <span class={`chip ${TONES[slot.status]}`}>{slot.status}</span>;
}
