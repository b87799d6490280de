/** Dates, clock times and durations as the page writes them. Everything is UTC, as slots are. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The UTC date of an instant: `2026-11-22`. */
export function utcDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Whether a text is an existing date, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && utcDate(at) === text;
}

/** The date some days later, or earlier for a negative number. */
export function shiftDate(date: string, days: number): string {
  return utcDate(Date.parse(`${date}T00:00:00Z`) + days * DAY);
}

/** The first second of a UTC date, in seconds since 1970. */
export function startOfDay(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / SECOND;
}

/** The time of day of an RFC 3339 timestamp: `07:05`, or `07:05:30` where seconds matter. */
export function clock(timestamp: string, withSeconds = false): string {
  const at = Date.parse(timestamp);
  if (Number.isNaN(at)) return timestamp;
  const text = new Date(at).toISOString();
  return withSeconds || at % MINUTE !== 0 ? text.slice(11, 19) : text.slice(11, 16);
}

/** A date for people: `Sunday 22 November 2026`. */
export function longDate(date: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  }).format(Date.parse(`${date}T00:00:00Z`));
}

/** A duration in its two largest units: `7 min 3 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 10 * SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  const [days, hours, minutes, seconds] = [
    Math.floor(milliseconds / DAY),
    Math.floor((milliseconds % DAY) / HOUR),
    Math.floor((milliseconds % HOUR) / MINUTE),
    Math.floor((milliseconds % MINUTE) / SECOND),
  ];
  if (days > 0) return join(days, 'd', hours, 'h');
  if (hours > 0) return join(hours, 'h', minutes, 'min');
  if (minutes > 0) return join(minutes, 'min', seconds, 's');
  return `${seconds} s`;
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** The time until an order's lifetime ends: `23 h 59 min`, `< 1 min`, or `expired`. */
export function timeLeft(expiresAt: string, now: number): string {
  const left = Date.parse(expiresAt) - now;
  if (Number.isNaN(left)) return 'unknown';
  if (left <= 0) return 'expired';
  if (left < MINUTE) return '< 1 min';
  return formatDuration(Math.floor(left / MINUTE) * MINUTE);
}
