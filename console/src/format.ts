/** Numbers and nouns as the page writes them. */

const whole = new Intl.NumberFormat('en-GB');

/** An integer with thousands separators: `100,000`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** A count with its noun: `1 order`, `2 orders`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** A rate from 0 to 1 as a percentage with one decimal: `66.7 %`. */
export function formatRate(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}

/** The size of a text: `7.8 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** An exact decimal with thousands separators before its point; a number with an exponent stays as it is. */
export function groupDigits(decimal: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(decimal);
  if (match === null) return decimal;
  const [, sign = '', digits = '', fraction = ''] = match;
  return `${sign}${digits.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction}`;
}
