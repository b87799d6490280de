// What a TypeScript team would write instead: JSON.parse and a schema library, with checks as near to core's as it can.
//
// Each peer tells every violation it finds. None can know what JSON.parse has lost: digits beyond a double's, keys that
// were given twice. No schema says that identities are distinct, so a loop after it does; lower bounds of magnitude
// (1e-130) are left out for all.

import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import Ajv from 'ajv';
import * as v from 'valibot';
import { z } from 'zod';

const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
/** Something that is no white space, and no control character. */
const TEXT = /^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]+$/;
const MAGNITUDE = 1e126;

/** How often an identity is there that was there before. */
function repeated(orders) {
  if (!Array.isArray(orders)) return 0;
  const seen = new Set();
  let repeats = 0;
  for (const order of orders) {
    const id = order?.record_id;
    if (typeof id !== 'string') continue;
    if (seen.has(id)) repeats += 1;
    else seen.add(id);
  }
  return repeats;
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
const byAjv = new Ajv({ allErrors: true }).compile(schema);

const byZod = z
  .array(
    z.strictObject({
      record_id: z.string().regex(ID),
      parameter_1: z.string().max(256).regex(TEXT),
      parameter_2: z.number().gt(-MAGNITUDE).lt(MAGNITUDE),
    }),
  )
  .min(1);

const byValibot = v.pipe(
  v.array(
    v.strictObject({
      record_id: v.pipe(v.string(), v.regex(ID)),
      parameter_1: v.pipe(v.string(), v.maxLength(256), v.regex(TEXT)),
      parameter_2: v.pipe(v.number(), v.gtValue(-MAGNITUDE), v.ltValue(MAGNITUDE)),
    }),
  ),
  v.minLength(1),
);

const byTypebox = TypeCompiler.Compile(
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

/** Each peer reads a request and gives its orders and how many violations there are. */
export const PEERS = {
  'JSON.parse + ajv': (text) => {
    const orders = JSON.parse(text);
    const wrong = byAjv(orders) ? 0 : byAjv.errors.length;
    return { orders, total: wrong + repeated(orders) };
  },
  'JSON.parse + zod': (text) => {
    const given = JSON.parse(text);
    const { success, data, error } = byZod.safeParse(given);
    return { orders: success ? data : given, total: (success ? 0 : error.issues.length) + repeated(given) };
  },
  'JSON.parse + valibot': (text) => {
    const { output, issues } = v.safeParse(byValibot, JSON.parse(text));
    return { orders: output, total: (issues?.length ?? 0) + repeated(output) };
  },
  'JSON.parse + typebox': (text) => {
    const orders = JSON.parse(text);
    const wrong = byTypebox.Check(orders) ? 0 : [...byTypebox.Errors(orders)].length;
    return { orders, total: wrong + repeated(orders) };
  },
};

/** What each peer cannot say of a request, for the table. */
export const CANNOT = {
  'JSON.parse': 'checks JSON’s grammar alone; rounds numbers; forgets keys that are given twice',
  'JSON.parse + ajv': 'exact decimals, keys given twice; distinct ids by a loop of our own',
  'JSON.parse + zod': 'exact decimals, keys given twice; distinct ids by a loop of our own',
  'JSON.parse + valibot': 'exact decimals, keys given twice; distinct ids by a loop of our own',
  'JSON.parse + typebox': 'exact decimals, keys given twice; distinct ids by a loop of our own',
};
