import { readFileSync } from 'node:fs';

import { z } from 'zod';

const wireFields = z.record(z.string(), z.unknown());
const decoded = z.object({ fields: wireFields, custom: wireFields });
const cases = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('generate'),
    name: z.string(),
    secret: z.string(),
    url_base: z.string(),
    fields: wireFields,
    custom: wireFields,
    unsigned: z.string(),
    sso: z.string(),
    sig: z.string(),
    query: z.string(),
    url: z.string(),
    decoded,
  }),
  z.object({ kind: z.literal('parse'), name: z.string(), secret: z.string(), query: z.string(), decoded }),
  z.object({
    kind: z.literal('error'),
    name: z.string(),
    secret: z.string().nullable(),
    query: z.string(),
    error: z.object({ class: z.string(), message: z.string().optional() }),
  }),
]);
const sync = z.object({
  name: z.string(),
  secret: z.string(),
  sso: z.string().nullable(),
  sig: z.string().nullable(),
  new: z.object({ status: z.number(), decoded: decoded.optional(), error: z.string().optional() }),
});

export type Decoded = z.infer<typeof decoded>;
export type Case = z.infer<typeof cases>;
export type GenerateCase = Extract<Case, { kind: 'generate' }>;
export type ParseCase = Extract<Case, { kind: 'parse' }>;
export type ErrorCase = Extract<Case, { kind: 'error' }>;

/** Golden vectors: what Discourse's own code writes, reads and refuses. */
export const vectors = z
  .object({
    field_order: z.array(z.string()),
    booleans: z.array(z.string()),
    cases: z.array(cases),
    sync: z.array(sync),
    external_ids: z.array(
      z.object({ external_id: z.union([z.string(), z.number(), z.null()]), accepted: z.boolean() }),
    ),
  })
  .parse(
    JSON.parse(readFileSync(new URL('../../../../testkit/vectors/discourse.json', import.meta.url), 'utf8')),
  );
