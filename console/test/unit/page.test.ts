import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError, parseConfig } from '../../src/config.ts';
import { formatBytes, formatRate, countOf, groupDigits } from '../../src/format.ts';
import { formatRoute, parseRoute } from '../../src/route.ts';
import { clock, formatDuration, isDate, shiftDate, timeLeft, utcDate } from '../../src/time.ts';
import { describeSlot, fittingZoom, rangeOf } from '../../src/results/slots.ts';
import { matches } from '../../src/results/slot-store.ts';
import type { Day, SlotSummary } from '../../src/api/contract.ts';

test('dates are shifted over months, years and leap days', () => {
  assert.equal(shiftDate('2026-01-01', -1), '2025-12-31');
  assert.equal(shiftDate('2028-02-28', 1), '2028-02-29');
  assert.equal(shiftDate('2026-03-29', 1), '2026-03-30');
  assert.equal(utcDate(Date.parse('2026-11-22T23:59:59Z')), '2026-11-22');
});

test('only existing dates are dates', () => {
  assert.deepEqual(
    ['2026-11-22', '2028-02-29', '2026-02-29', '2026-13-01', '2026-1-1', '', '2026-11-22T00'].map(isDate),
    [true, true, false, false, false, false, false],
  );
});

test('clock times have seconds where they matter', () => {
  assert.equal(clock('2026-11-22T07:05:00Z'), '07:05');
  assert.equal(clock('2026-11-22T07:05:30Z'), '07:05:30');
  assert.equal(clock('2026-11-22T07:05:00Z', true), '07:05:00');
  assert.equal(clock('never'), 'never');
});

test('durations have two units', () => {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  assert.deepEqual(
    [3, 1500, 59 * second, 7 * minute + 3 * second, 60 * minute, 23 * hour + 59 * minute, 49 * hour].map(
      formatDuration,
    ),
    ['3 ms', '1.5 s', '59 s', '7 min 3 s', '1 h', '23 h 59 min', '2 d 1 h'],
  );
});

test('the time left counts down to expiry', () => {
  const now = Date.parse('2026-11-22T07:00:00Z');
  assert.equal(timeLeft('2026-11-23T06:59:59Z', now), '23 h 59 min');
  assert.equal(timeLeft('2026-11-22T07:00:30Z', now), '< 1 min');
  assert.equal(timeLeft('2026-11-22T07:00:00Z', now), 'expired');
});

test('numbers are grouped without rounding', () => {
  assert.equal(groupDigits('12345678901234567890.0123456789'), '12,345,678,901,234,567,890.0123456789');
  assert.equal(groupDigits('-1234.5'), '-1,234.5');
  assert.equal(groupDigits('1e+21'), '1e+21');
  assert.equal(countOf(1, 'order'), '1 order');
  assert.equal(countOf(100_000, 'order'), '100,000 orders');
  assert.equal(formatBytes(7_812_345), '7.8 MB');
  assert.equal(formatRate(0.6667), '66.7 %');
});

test('addresses are read and written', () => {
  for (const hash of ['#orders', '#results', '#results/2026-11-22', '#results/2026-11-22/2026-11-22T07:05:00Z']) {
    assert.equal(formatRoute(parseRoute(hash)), hash);
  }
  assert.deepEqual(parseRoute(''), { view: 'orders' });
  assert.deepEqual(parseRoute('#elsewhere'), { view: 'orders' });
  assert.deepEqual(parseRoute('#results/2026-02-31'), { view: 'results', date: null, slot: null });
  assert.deepEqual(parseRoute('#results/2026-11-22/2026-11-23T07:05:00Z'), {
    view: 'results',
    date: '2026-11-22',
    slot: null,
  });
});

test('a configuration is read, and an unsafe one is refused', () => {
  assert.deepEqual(parseConfig({ api: '/api', issuer: null, client_id: '', environment: 'local' }), {
    api: '/api',
    issuer: null,
    clientId: '',
    scope: 'openid',
    audience: null,
    environment: 'local',
  });
  const issued = { issuer: 'https://issuer.example', client_id: 'c' };
  assert.equal(parseConfig({ ...issued, scope: 'openid api' }).scope, 'openid api');
  assert.equal(parseConfig({ ...issued, audience: 'https://orders.example' }).audience, 'https://orders.example');
  for (const wrong of [
    null,
    [],
    { api: 'https://elsewhere.example' },
    { api: '//elsewhere.example' },
    { api: '/api/' },
    { issuer: 'http://issuer.example', client_id: 'c' },
    { issuer: 'https://issuer.example' },
    { api: 1 },
    { ...issued, audience: ['https://orders.example'] },
  ]) {
    assert.throws(() => parseConfig(wrong), ConfigError, JSON.stringify(wrong));
  }
});

const dayOf = (slots: readonly SlotSummary[]): Day => ({
  date: '2026-11-22',
  runs: 0,
  orders: 0,
  accepted: 0,
  rejected: 0,
  failed: 0,
  acceptance_rate: null,
  total_power: '0',
  unreadable: [],
  slots,
});
const run = (time: string): SlotSummary => ({ slot: `2026-11-22T${time}:00Z`, status: 'done' });

test('the chart zooms to the runs of a day', () => {
  assert.equal(fittingZoom(dayOf([])), 24);
  assert.equal(fittingZoom(dayOf([run('07:05'), run('07:10')])), 1);
  assert.equal(fittingZoom(dayOf([run('07:05'), run('11:10')])), 6);
  assert.equal(fittingZoom(dayOf([run('00:00'), run('23:55')])), 24);
});

test('the range of a zoom lies within the day and contains the slot in focus', () => {
  const day = dayOf([run('00:05'), run('23:55')]);
  const hours = ({ from, to }: { from: number; to: number }) =>
    [from, to].map((at) => new Date(at * 1000).toISOString().slice(5, 16));
  assert.deepEqual(hours(rangeOf(day, 24, null)), ['11-22T00:00', '11-23T00:00']);
  assert.deepEqual(hours(rangeOf(day, 1, null)), ['11-22T23:00', '11-23T00:00']);
  assert.deepEqual(hours(rangeOf(day, 6, '2026-11-22T00:05:00Z')), ['11-22T00:00', '11-22T06:00']);
  assert.deepEqual(hours(rangeOf(day, 1, '2026-11-22T12:05:00Z')), ['11-22T12:00', '11-22T13:00']);
});

test('a slot is described in one sentence', () => {
  assert.equal(
    describeSlot({ ...run('07:05'), accepted: 2, rejected: 1, failed: 0, total_power: '2.1' }),
    '07:05 UTC: done, 2 accepted, 1 rejected, 0 failed, power 2.1',
  );
  assert.equal(describeSlot({ ...run('07:05'), status: 'missing' }), '07:05 UTC: missing, no run');
  assert.equal(describeSlot({ ...run('07:05'), status: 'running', polls: 1 }), '07:05 UTC: running, 1 poll');
});

test('a filter matches by outcome and id', () => {
  const order = { position: 0, outcome: 'rejected', record_id: 'bid-17' } as const;
  assert.equal(matches(order, { outcome: 'not accepted', text: '' }), true);
  assert.equal(matches(order, { outcome: 'accepted', text: '' }), false);
  assert.equal(matches(order, { outcome: null, text: 'd-1' }), true);
  assert.equal(matches(order, { outcome: null, text: 'x' }), false);
});
