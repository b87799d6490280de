/** The chart with its legend, its zoom and its keyboard: arrow keys move over the slots, Enter opens one. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Day } from '../api/contract.ts';
import type { Chart } from './chart.ts';
import { describeSlot, fittingZoom, rangeOf, type Zoom } from './slots.ts';

const LEGEND = [
  ['accepted', 'Accepted'],
  ['rejected', 'Rejected'],
  ['failed', 'Failed'],
  ['running', 'Running'],
  ['missing', 'Missing'],
  ['power', 'Total power'],
] as const;

interface Props {
  readonly day: Day;
  /** The slot that is open. */
  readonly open: string | null;
  readonly onOpen: (slot: string) => void;
}

export function ChartView({ day, open, onOpen }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const tooltip = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const isReady = useSignal(false);
  const hasFailed = useSignal(false);
  const focus = useSignal<number | null>(null);
  const hovered = useSignal<number | null>(null);
  const chosenZoom = useSignal<Zoom | null>(null);

  // The chart's callbacks outlive a render.
  const latest = useRef({ day, onOpen });
  latest.current = { day, onOpen };

  const { slots } = day;
  const openIndex = open === null ? -1 : slots.findIndex(({ slot }) => slot === open);
  const selected = focus.value ?? (openIndex >= 0 ? openIndex : null);
  const zoom = chosenZoom.value ?? fittingZoom(day);
  const selectedSlot = selected === null ? null : (slots[selected]?.slot ?? null);
  const range = rangeOf(day, zoom, selectedSlot);

  useEffect(() => {
    let isGone = false;
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const restyle = () => chart.current?.restyle();
    scheme.addEventListener('change', restyle);
    import('./chart.ts').then(
      ({ createChart }) => {
        if (isGone || host.current === null) return;
        chart.current = createChart(host.current, {
          onHover: (index, left) => {
            hovered.value = index;
            const box = tooltip.current;
            if (box === null || host.current === null || index === null) return;
            const limit = host.current.clientWidth - box.offsetWidth;
            box.style.left = `${Math.max(0, Math.min(limit, left - box.offsetWidth / 2))}px`;
          },
          onOpen: (index) => {
            const slot = latest.current.day.slots[index];
            if (slot !== undefined) latest.current.onOpen(slot.slot);
          },
        });
        isReady.value = true;
      },
      () => {
        hasFailed.value = true;
      },
    );
    return () => {
      isGone = true;
      scheme.removeEventListener('change', restyle);
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    focus.value = null;
  }, [open]);
  useEffect(() => {
    chosenZoom.value = null;
  }, [day.date]);

  useEffect(() => {
    if (isReady.value) chart.current?.show(slots, range, selected);
  }, [isReady.value, day, range.from, range.to, selected]);

  const onKeyDown = (event: KeyboardEvent) => {
    const last = slots.length - 1;
    const at = selected ?? last;
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: selected === null ? last : at + 1,
      ArrowDown: at - 1,
      ArrowUp: at + 1,
      PageDown: at - 12,
      PageUp: at + 12,
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focus.value = Math.max(0, Math.min(last, to));
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const slot = slots[at];
      if (slot !== undefined) onOpen(slot.slot);
    }
  };

  const described = slots[hovered.value ?? selected ?? -1];
  return (
    <div class="chart-card card">
      <div class="card-head">
        <ul class="legend" aria-label="Legend">
          {LEGEND.map(([name, label]) => (
            <li key={name}>
              <span class={`swatch ${name}`} aria-hidden="true" />
              {label}
            </li>
          ))}
        </ul>
        <div class="segments" role="group" aria-label="Hours shown">
          {([24, 6, 1] as const).map((hours) => (
            <button key={hours} type="button" aria-pressed={zoom === hours} onClick={() => (chosenZoom.value = hours)}>
              {hours} h
            </button>
          ))}
        </div>
      </div>
      {hasFailed.value && (
        <p class="bad" role="alert">
          The chart cannot be loaded; the list of slots below has the same data.
        </p>
      )}
      <div
        class="chart"
        role="slider"
        tabIndex={0}
        aria-label="Slots of the day: arrow keys select, Enter opens"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, slots.length - 1)}
        aria-valuenow={selected ?? Math.max(0, slots.length - 1)}
        aria-valuetext={
          selected === null || slots[selected] === undefined ? 'No slot selected' : describeSlot(slots[selected])
        }
        onKeyDown={onKeyDown}
      >
        <div class="plot" ref={host} />
        <div class="axis-titles" aria-hidden="true">
          <span>orders</span>
          <span>UTC</span>
          <span>power</span>
        </div>
        <div class="tooltip" ref={tooltip} aria-hidden="true" hidden={hovered.value === null}>
          {described !== undefined && describeSlot(described)}
        </div>
      </div>
      <p class="slot-line muted small" aria-hidden="true">
        {described === undefined ? 'Click a slot to see its orders.' : describeSlot(described)}
      </p>
    </div>
  );
}
