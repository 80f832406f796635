/** One way to do a job. */
export interface Candidate {
  readonly name: string;
  /** One turn: does the job as often as it likes and says what one time cost, in nanoseconds. */
  readonly turn: () => number | Promise<number>;
}

/** What the candidates' turns cost: nanoseconds by round, in the order of the rounds. */
export type Costs = ReadonlyMap<string, readonly number[]>;

/** What a ratio should be. `atMost` is about costs, `atLeast` about speeds: the floor's cost over ours. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** What is measured, and what it is measured against. */
  readonly subject: string;
  readonly floor: string;
  /** Median over the rounds of the ratio within a round. */
  readonly ratio: number;
  /** Absent: shown for comparison only. */
  readonly target?: Target;
  /** Nanoseconds, medians over the rounds. */
  readonly medians: { readonly subject: number; readonly floor: number };
  /** What the medians are, if they are no nanoseconds. */
  readonly unit?: 'bytes';
}

/** A group of rows that are measured together. */
export interface RowGroup {
  readonly name: string;
  /** Takes long: only with `--full`. */
  readonly long?: boolean;
  rows(): Promise<readonly Row[]>;
}

/** Fewest rounds that a figure is made of. */
const minimumRounds = 7;

/**
 * Lets candidates take turns, in the reverse order every other round, so that a machine that becomes slower or faster
 * meanwhile, and whatever one candidate leaves behind for the next, falls on all of them alike. One more round comes
 * first and does not count.
 */
export async function takeTurns(
  candidates: readonly Candidate[],
  rounds: number = minimumRounds,
): Promise<Costs> {
  const costs = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  if (costs.size < candidates.length) throw new Error('Two candidates have the same name.');
  for (let round = 0; round <= Math.max(rounds, minimumRounds); round++) {
    for (const { name, turn } of round % 2 === 0 ? candidates : candidates.toReversed()) {
      const cost = await turn();
      if (round > 0) costs.get(name)?.push(cost);
    }
  }
  return costs;
}

/** A candidate whose job is one call. A turn lasts about `milliseconds`, after a quarter of that which does not count. */
export function repeated(name: string, job: () => unknown, milliseconds = 20): Candidate {
  let times = 1;
  const run = (): number => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) job();
    return Number(process.hrtime.bigint() - start);
  };
  return {
    name,
    turn: () => {
      const enough = milliseconds * 1e6;
      for (let spent = 0; spent < enough / 4; ) {
        const nanoseconds = run();
        spent += nanoseconds;
        if (nanoseconds < enough / 8) times *= 2;
      }
      let total = 0;
      let done = 0;
      for (; total < enough; done += times) total += run();
      return total / done;
    },
  };
}

/** {@link repeated} for a job that is a promise: one after the other, each awaited. */
export function repeatedAsync(name: string, job: () => Promise<unknown>, milliseconds = 20): Candidate {
  let times = 1;
  const run = async (): Promise<number> => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) await job();
    return Number(process.hrtime.bigint() - start);
  };
  return {
    name,
    turn: async () => {
      const enough = milliseconds * 1e6;
      for (let spent = 0; spent < enough / 4; ) {
        const nanoseconds = await run();
        spent += nanoseconds;
        if (nanoseconds < enough / 8) times *= 2;
      }
      let total = 0;
      let done = 0;
      for (; total < enough; done += times) total += await run();
      return total / done;
    },
  };
}

/** The row for one candidate beside its floor, both out of the same rounds. */
export function compare(
  name: string,
  costs: Costs,
  { subject, floor, target }: { readonly subject: string; readonly floor: string; readonly target?: Target },
): Row {
  const ours = costs.get(subject);
  const theirs = costs.get(floor);
  if (ours === undefined || theirs === undefined)
    throw new Error(`"${subject}" or "${floor}" took no turns.`);
  const speeds = target !== undefined && 'atLeast' in target;
  const ratios = ours.map((cost, round) =>
    speeds ? (theirs[round] ?? 0) / cost : cost / (theirs[round] ?? 0),
  );
  return {
    name,
    subject,
    floor,
    ratio: median(ratios),
    ...(target === undefined ? {} : { target }),
    medians: { subject: median(ours), floor: median(theirs) },
  };
}

/** Undefined when there is nothing to reach. */
export function isMet({ ratio, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  return 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
