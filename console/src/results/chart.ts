/**
 * The chart of a day: a bar per slot, and total power as a line.
 *
 * uPlot draws axes, scales and the line; bars are drawn here, because slots have a width in time and a status. Loaded when
 * the results view is first shown.
 */

import uPlot from 'uplot';

import type { SlotSummary } from '../api/contract.ts';
import { orderCount, PERIOD, type Range } from './slots.ts';

export interface ChartOptions {
  readonly onHover: (index: number | null, left: number) => void;
  readonly onOpen: (index: number) => void;
}

export interface Chart {
  show(slots: readonly SlotSummary[], range: Range, selected: number | null): void;
  /** Reads the colors again. */
  restyle(): void;
  destroy(): void;
}

const HEIGHT = 250;
const NARROW = 560;

interface Colors {
  readonly text: string;
  readonly grid: string;
  readonly accepted: string;
  readonly rejected: string;
  readonly failed: string;
  readonly running: string;
  readonly missing: string;
  readonly power: string;
  readonly focus: string;
  readonly halo: string;
}

function readColors(host: Element): Colors {
  const style = getComputedStyle(host);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: color('--muted'),
    grid: color('--chart-grid'),
    accepted: color('--chart-accepted'),
    rejected: color('--chart-rejected'),
    failed: color('--chart-failed'),
    running: color('--chart-running'),
    missing: color('--chart-missing'),
    power: color('--chart-power'),
    focus: color('--focus'),
    halo: color('--surface'),
  };
}

/** Creates the chart in an element; it follows the element's width. */
export function createChart(host: HTMLElement, options: ChartOptions): Chart {
  let colors = readColors(host);
  let slots: readonly SlotSummary[] = [];
  let starts: number[] = [];
  let range: Range = { from: 0, to: 86_400 };
  let selected: number | null = null;

  /** The slot at a time: the last one that has begun, if it has not ended. */
  const slotAt = (time: number): number | null => {
    let found: number | null = null;
    for (let at = 0; at < starts.length && (starts[at] ?? 0) <= time; at += 1) found = at;
    return found !== null && time < (starts[found] ?? 0) + PERIOD ? found : null;
  };

  const drawBars = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const bottom = bbox.top + bbox.height;
    const strip = Math.round(4 * ratio);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const [at, slot] of slots.entries()) {
      const start = starts[at] ?? 0;
      if (start + PERIOD <= range.from || start >= range.to) continue;
      const left = Math.round(plot.valToPos(start, 'x', true));
      const full = Math.max(1, Math.round(plot.valToPos(start + PERIOD, 'x', true)) - left);
      const width = Math.max(Math.min(full, ratio), full - Math.round(full > 5 * ratio ? 1.5 * ratio : 0));
      if (slot.status !== 'done') {
        ctx.fillStyle =
          slot.status === 'missing' ? colors.missing : slot.status === 'running' ? colors.running : colors.failed;
        ctx.globalAlpha = slot.status === 'missing' ? 0.1 : 0.16;
        ctx.fillRect(left, bbox.top, full, bbox.height);
        ctx.globalAlpha = 1;
        ctx.fillRect(left, bottom - strip, full, strip);
      }
      let y = bottom;
      const stack = (count: number, color: string): void => {
        if (count === 0) return;
        // Something is always seen of a few rejections among many orders.
        const height = Math.max(2 * ratio, bottom - plot.valToPos(count, 'orders', true));
        y -= height;
        ctx.fillStyle = color;
        ctx.fillRect(left, Math.round(y), width, Math.ceil(height));
      };
      stack(slot.accepted ?? 0, colors.accepted);
      stack(slot.rejected ?? 0, colors.rejected);
      stack(slot.failed ?? 0, colors.failed);
      if (at === selected) {
        ctx.strokeStyle = colors.focus;
        ctx.lineWidth = 2 * ratio;
        ctx.strokeRect(left - ratio, bbox.top + ratio, Math.max(full, 3 * ratio) + ratio, bbox.height - 2 * ratio);
      }
    }
    ctx.restore();
  };

  const highest = (): number =>
    Math.max(
      1,
      ...slots.filter((_, at) => (starts[at] ?? 0) >= range.from && (starts[at] ?? 0) < range.to).map(orderCount),
    );
  const compact = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 });

  /** Points of a crowded line would hide the bars. */
  const hasPoints = (plot: uPlot): boolean =>
    ((range.to - range.from) / PERIOD) * 12 < plot.bbox.width / devicePixelRatio;

  const build = (): uPlot => {
    const isNarrow = host.clientWidth < NARROW;
    const axis = {
      stroke: () => colors.text,
      grid: { stroke: () => colors.grid, width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    const plot = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: HEIGHT,
        tzDate: (time) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC'),
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
        scales: {
          x: { time: true, range: () => [range.from, range.to] },
          orders: { range: () => [0, highest() * 1.08] },
          power: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1e-9, (high ?? 0) * 1.15)] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: isNarrow ? 44 : 60,
            values: (_, times) => times.map((time) => new Date(time * 1000).toISOString().slice(11, 16)),
          },
          {
            ...axis,
            scale: 'orders',
            size: isNarrow ? 38 : 52,
            incrs: [
              1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
              1_000_000,
            ],
            values: (_, counts) => counts.map((count) => compact.format(count)),
          },
          {
            ...axis,
            scale: 'power',
            side: 1,
            size: isNarrow ? 42 : 56,
            grid: { show: false },
            stroke: () => colors.power,
            values: (_, powers) => powers.map((power) => compact.format(power)),
          },
        ],
        series: [
          {},
          { scale: 'orders', paths: () => null, points: { show: false } },
          // A halo sets the line off from the bars, if they are wide enough.
          {
            scale: 'power',
            stroke: () => colors.halo,
            width: isNarrow ? 0 : 3.5,
            spanGaps: false,
            points: { show: false },
          },
          {
            scale: 'power',
            stroke: () => colors.power,
            width: isNarrow ? 1.25 : 1.75,
            spanGaps: false,
            points: { show: hasPoints, size: 6, fill: () => colors.power },
          },
        ],
        hooks: {
          drawAxes: [drawBars],
          setCursor: [
            (plot) => {
              const left = plot.cursor.left ?? -1;
              options.onHover(
                left < 0 ? null : slotAt(plot.posToVal(left, 'x')),
                left + plot.bbox.left / devicePixelRatio,
              );
            },
          ],
        },
      },
      data(),
      host,
    );
    plot.over.addEventListener('click', (event) => {
      const index = slotAt(plot.posToVal(event.offsetX, 'x'));
      if (index !== null) options.onOpen(index);
    });
    return plot;
  };

  const data = (): uPlot.AlignedData => {
    const powers = slots.map(({ total_power }) => (total_power === undefined ? null : Number(total_power)));
    // The line's points are in the middle of their slots.
    return [starts.map((start) => start + PERIOD / 2), slots.map(orderCount), powers, powers];
  };

  let plot = build();
  const rebuild = (): void => {
    plot.destroy();
    plot = build();
  };
  let width = host.clientWidth;
  const resize = new ResizeObserver(() => {
    if (host.clientWidth === 0 || host.clientWidth === width) return;
    const crossed = host.clientWidth < NARROW !== width < NARROW;
    width = host.clientWidth;
    if (crossed) rebuild();
    else plot.setSize({ width, height: HEIGHT });
  });
  resize.observe(host);

  return {
    show(newSlots, newRange, newSelected) {
      slots = newSlots;
      starts = slots.map(({ slot }) => Date.parse(slot) / 1000);
      range = newRange;
      selected = newSelected;
      plot.setData(data());
    },
    restyle() {
      colors = readColors(host);
      plot.redraw();
    },
    destroy() {
      resize.disconnect();
      plot.destroy();
    },
  };
}
