/** Decoders for the API's responses: a malformed response is an error that names the member, not `undefined` on screen. */

export type Decoder<T> = (value: unknown, at: string) => T;

/** A response that does not follow the contract. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

const fail = (at: string, expected: string): never => {
  throw new DecodeError(`the API's response is malformed: \`${at}\` must be ${expected}`);
};

export const text: Decoder<string> = (value, at) => (typeof value === 'string' ? value : fail(at, 'a string'));

/** An integer, as `parseExactJson` leaves it. */
export const integer: Decoder<number> = (value, at) =>
  typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : fail(at, 'an integer');

/** A number that may be rounded, such as a rate. */
export const approximate: Decoder<number> = (value, at) => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : NaN;
  return Number.isFinite(number) ? number : fail(at, 'a number');
};

export const nullable =
  <T>(of: Decoder<T>): Decoder<T | null> =>
  (value, at) =>
    value === null ? null : of(value, at);

/** A member that may be absent or null. */
export const optional =
  <T>(of: Decoder<T>): Decoder<T | undefined> =>
  (value, at) =>
    value === undefined || value === null ? undefined : of(value, at);

/** A member that may be absent or null, which means the given value. */
export const withDefault =
  <T>(of: Decoder<T>, otherwise: T): Decoder<T> =>
  (value, at) =>
    value === undefined || value === null ? otherwise : of(value, at);

export const list =
  <T>(of: Decoder<T>): Decoder<readonly T[]> =>
  (value, at) =>
    Array.isArray(value) ? value.map((item, index) => of(item, `${at}/${index}`)) : fail(at, 'an array');

export const oneOf =
  <const T extends string>(...values: readonly T[]): Decoder<T> =>
  (value, at) =>
    values.find((known) => known === value) ?? fail(at, `one of ${values.join(', ')}`);

/** An object with the given members; others are ignored, so that the API can add some. */
export const object =
  <T extends object>(members: { readonly [Name in keyof T]: Decoder<T[Name]> }): Decoder<T> =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(at, 'an object');
    const given = value as Readonly<Record<string, unknown>>;
    const decoded: Partial<T> = {};
    for (const name in members) {
      const member = members[name](given[name], at === '' ? name : `${at}/${name}`);
      if (member !== undefined) decoded[name] = member;
    }
    return decoded as T;
  };
