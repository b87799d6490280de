// The alternatives: JSON.parse and a schema library, with checks as close to core's as the library allows.
//
// Each peer reports all violations that it finds. None can detect what JSON.parse has lost: excess digits and duplicate keys.
// Schemas cannot express unique ids, so a loop checks them. All omit the minimum magnitude (1e-130).

import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import Ajv from 'ajv';
import * as v from 'valibot';
import { z } from 'zod';

const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
/** At least one character that is not white space, and no control character. */
const TEXT = /^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]+$/;
const MAGNITUDE = 1e126;

/** Returns the number of duplicate ids. */
function countDuplicates(orders) {
  if (!Array.isArray(orders)) return 0;
  const seen = new Set();
  let duplicates = 0;
  for (const order of orders) {
    const id = order?.record_id;
    if (typeof id !== 'string') continue;
    if (seen.has(id)) duplicates += 1;
    else seen.add(id);
  }
  return duplicates;
}

const schema = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['record_id', 'parameter_1', 'parameter_2'],
    properties: {
      record_id: { type: 'string', pattern: ID.source },
      parameter_1: { type: 'string', maxLength: 256, pattern: TEXT.source },
      parameter_2: { type: 'number', exclusiveMinimum: -MAGNITUDE, exclusiveMaximum: MAGNITUDE },
    },
  },
};
const ajv = new Ajv({ allErrors: true }).compile(schema);

const zod = z
  .array(
    z.strictObject({
      record_id: z.string().regex(ID),
      parameter_1: z.string().max(256).regex(TEXT),
      parameter_2: z.number().gt(-MAGNITUDE).lt(MAGNITUDE),
    }),
  )
  .min(1);

const valibot = v.pipe(
  v.array(
    v.strictObject({
      record_id: v.pipe(v.string(), v.regex(ID)),
      parameter_1: v.pipe(v.string(), v.maxLength(256), v.regex(TEXT)),
      parameter_2: v.pipe(v.number(), v.gtValue(-MAGNITUDE), v.ltValue(MAGNITUDE)),
    }),
  ),
  v.minLength(1),
);

const typebox = TypeCompiler.Compile(
  Type.Array(
    Type.Object(
      {
        record_id: Type.String({ pattern: ID.source }),
        parameter_1: Type.String({ maxLength: 256, pattern: TEXT.source }),
        parameter_2: Type.Number({ exclusiveMinimum: -MAGNITUDE, exclusiveMaximum: MAGNITUDE }),
      },
      { additionalProperties: false },
    ),
    { minItems: 1 },
  ),
);

/** Each peer parses a request and returns its orders and its number of violations. */
export const PEERS = {
  'JSON.parse + ajv': (text) => {
    const orders = JSON.parse(text);
    const invalid = ajv(orders) ? 0 : ajv.errors.length;
    return { orders, total: invalid + countDuplicates(orders) };
  },
  'JSON.parse + zod': (text) => {
    const input = JSON.parse(text);
    const { success, data, error } = zod.safeParse(input);
    return { orders: success ? data : input, total: (success ? 0 : error.issues.length) + countDuplicates(input) };
  },
  'JSON.parse + valibot': (text) => {
    const { output, issues } = v.safeParse(valibot, JSON.parse(text));
    return { orders: output, total: (issues?.length ?? 0) + countDuplicates(output) };
  },
  'JSON.parse + typebox': (text) => {
    const orders = JSON.parse(text);
    const invalid = typebox.Check(orders) ? 0 : [...typebox.Errors(orders)].length;
    return { orders, total: invalid + countDuplicates(orders) };
  },
};

/** What each peer cannot check, for the table. */
export const CANNOT = {
  'JSON.parse': 'checks syntax only; rounds numbers; drops duplicate keys',
  'JSON.parse + ajv': 'exact decimals, duplicate keys; unique ids by an additional loop',
  'JSON.parse + zod': 'exact decimals, duplicate keys; unique ids by an additional loop',
  'JSON.parse + valibot': 'exact decimals, duplicate keys; unique ids by an additional loop',
  'JSON.parse + typebox': 'exact decimals, duplicate keys; unique ids by an additional loop',
};
