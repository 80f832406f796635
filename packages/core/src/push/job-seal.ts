import { createHmac } from 'node:crypto';
import { z } from 'zod';

import type { KeyRing } from '../keys/key-ring.js';
import { createSealer } from '../session/sealer.js';
import { jobKinds, type PushJob } from './job.js';

/** Jobs on their way through storage: nobody can read or change them there, or tell whom they are about. */
export interface JobSeal {
  /** The same job has the same id; 43 characters of base64url. */
  idOf(job: PushJob): string;
  /** Seals a job, anew each time. */
  seal(job: PushJob): Promise<string>;
  /** @returns null for anything that is not ours, was changed, or is more than a year old */
  open(body: string): Promise<PushJob | null>;
}

const jobSchema: z.ZodType<PushJob> = z.strictObject({
  connector: z.string().min(1).max(64),
  siteUserId: z.string().min(1).max(255),
  kind: z.enum(jobKinds),
});

/** Milliseconds that a sealed job can be opened. */
const life = 366 * 86_400_000;

export function createJobSeal(keys: KeyRing, now: () => Date): JobSeal {
  const subKeys = keys.subKeys('push');
  const sealer = createSealer('push', subKeys);
  return {
    idOf: ({ connector, siteUserId, kind }) => digest(keys, [connector, siteUserId, kind]),
    seal: ({ connector, siteUserId, kind }) =>
      sealer.seal({ connector, siteUserId, kind }, new Date(now().getTime() + life)),
    async open(body) {
      const job = jobSchema.safeParse(await sealer.open(body, now()));
      return job.success ? job.data : null;
    },
  };
}

/** Name of the lock on a person at a community. */
export function laneOf(keys: KeyRing, connector: string, siteUserId: string): string {
  return `push:${digest(keys, [connector, siteUserId])}`;
}

function digest(keys: KeyRing, parts: readonly string[]): string {
  // The oldest key: a new one that is put before it, one process after the other, changes no name.
  const subKeys = keys.subKeys('push-id');
  const key = subKeys.at(-1) ?? subKeys[0];
  return createHmac('sha256', key.key).update(JSON.stringify(parts)).digest('base64url');
}
