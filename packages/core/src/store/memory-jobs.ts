import type { DeadJob, Jobs, WaitingJob } from './store.js';

interface Waiting extends WaitingJob {
  readonly connector: string;
  readonly dueAt: number;
  readonly addedAt: number;
}

/** Jobs in this process. They are gathered by connector, in the order in which they came or were put off. */
export function memoryJobs(now: () => Date): Jobs {
  const waiting = new Map<string, Waiting>();
  const byConnector = new Map<string, Map<string, Waiting>>();
  const dead = new Map<string, DeadJob>();
  const slots = new Map<string, number>();
  // Steady: a clock that is set back holds nothing up.
  const time = (): number => performance.now();

  /** Puts a job at the end of its connector's line. */
  const put = (job: Waiting): void => {
    take(job.id);
    waiting.set(job.id, job);
    const line = byConnector.get(job.connector) ?? new Map<string, Waiting>();
    line.set(job.id, job);
    byConnector.set(job.connector, line);
  };
  /** Changes a job in its place. */
  const change = (job: Waiting): void => {
    waiting.set(job.id, job);
    byConnector.get(job.connector)?.set(job.id, job);
  };
  const take = (id: string): void => {
    const job = waiting.get(id);
    if (job === undefined) return;
    waiting.delete(id);
    byConnector.get(job.connector)?.delete(id);
  };
  const anew = (id: string, connector: string, body: string, generation: number): Waiting => ({
    ...{ id, connector, body, generation, attempts: 0, dueAt: time(), addedAt: time() },
  });
  /** Takes a job away that is over; null when it is gone, or was added again meanwhile and waits as new. */
  const finish = (id: string, generation: number): Waiting | null => {
    const job = waiting.get(id);
    if (job === undefined) return null;
    if (job.generation > generation) {
      put(anew(id, job.connector, job.body, job.generation));
      return null;
    }
    take(id);
    return job;
  };

  return {
    async add({ id, connector, body }) {
      dead.delete(id);
      const known = waiting.get(id);
      if (known === undefined) put(anew(id, connector, body, 1));
      else change({ ...known, body, generation: known.generation + 1 });
    },
    async peek(connector, limit) {
      const jobs: WaitingJob[] = [];
      let next = Number.POSITIVE_INFINITY;
      for (const job of byConnector.get(connector)?.values() ?? []) {
        if (job.dueAt > time()) next = Math.min(next, job.dueAt);
        else if (jobs.push(job) === limit) break;
      }
      return { jobs, nextInMilliseconds: Number.isFinite(next) ? Math.max(0, next - time()) : null };
    },
    async read(id) {
      const job = waiting.get(id);
      return job !== undefined && job.dueAt <= time() ? job : null;
    },
    complete: async (id, generation) => finish(id, generation) !== null,
    async postpone(id, delayMilliseconds, counts) {
      const job = waiting.get(id);
      if (job === undefined) return;
      put({ ...job, dueAt: time() + delayMilliseconds, attempts: job.attempts + (counts ? 1 : 0) });
    },
    async bury(id, generation, { code, detail }) {
      const job = finish(id, generation);
      if (job === null) return false;
      const { connector, body, attempts } = job;
      dead.set(id, { id, connector, body, attempts: attempts + 1, code, detail, diedAt: now() });
      return true;
    },
    dead: async (limit) => [...dead.values()].reverse().slice(0, limit),
    async revive(id) {
      const job = dead.get(id);
      if (job === undefined) return false;
      dead.delete(id);
      put(anew(id, job.connector, job.body, 1));
      return true;
    },
    discard: async (id) => dead.delete(id),
    async counts() {
      const names = new Set([...byConnector.keys(), ...[...dead.values()].map(({ connector }) => connector)]);
      return [...names].map((connector) => {
        const line = [...(byConnector.get(connector)?.values() ?? [])];
        const oldest = line.reduce(
          (least, { addedAt }) => Math.min(least, addedAt),
          Number.POSITIVE_INFINITY,
        );
        return {
          connector,
          waiting: line.length,
          dead: [...dead.values()].filter((job) => job.connector === connector).length,
          oldestMilliseconds: line.length === 0 ? null : time() - oldest,
        };
      });
    },
    async takeSlot(connector, milliseconds, late) {
      const at = slots.get(connector) ?? Number.NEGATIVE_INFINITY;
      if (at > time()) return at - time();
      slots.set(connector, Math.max(at, time() - late) + milliseconds);
      return 0;
    },
    async hold(connector, milliseconds) {
      slots.set(connector, Math.max(slots.get(connector) ?? 0, time() + milliseconds));
    },
  };
}
