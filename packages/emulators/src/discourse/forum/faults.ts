/** How the forum misbehaves below a path. Rates are shares of 1; what they leave over goes well. */
export interface FaultRule {
  /** The beginning of the path: `/` for all, `/admin/users` for that part. The longest that fits counts. */
  readonly pathPrefix: string;
  /** Milliseconds that every request waits first. */
  readonly latencyMs?: number;
  /** Share that is answered with status 500. */
  readonly errorRate?: number;
  /** Share whose connection is reset. */
  readonly resetRate?: number;
  /** Share that is never answered. */
  readonly hangRate?: number;
  /** The forum does what it was asked, and only then fails. Default false: it does nothing. */
  readonly afterwards?: boolean;
}

export type Fault = 'error' | 'reset' | 'hang';

/** What becomes of one request. */
export interface FaultPlan {
  readonly latencyMs: number;
  readonly fault: Fault | null;
  readonly afterwards: boolean;
}

const rates = ['errorRate', 'resetRate', 'hangRate'] as const;

/** The switches for faults. */
export class Faults {
  readonly #random: () => number;
  #rules: readonly FaultRule[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  rules(): readonly FaultRule[] {
    return this.#rules.map((rule) => ({ ...rule }));
  }

  /** Takes these rules in place of all others. @throws TypeError when one makes no sense; nothing is changed then */
  set(rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      const shares = rates.map((name) => rule[name] ?? 0);
      const fits =
        rule.pathPrefix.startsWith('/') &&
        isAtLeastZero(rule.latencyMs ?? 0) &&
        shares.every(isAtLeastZero) &&
        // Sums of fractions are not exact.
        shares.reduce((sum, share) => sum + share, 0) <= 1 + 1e-9;
      if (!fits) {
        throw new TypeError(
          'A fault needs a pathPrefix that begins with "/", a latencyMs of at least 0, and rates that are at most 1 together.',
        );
      }
    }
    this.#rules = rules.map((rule) => ({ ...rule }));
  }

  /** Throws the dice for one request. Null: it goes well at once. */
  plan(path: string): FaultPlan | null {
    const rule = this.#rules
      .filter(({ pathPrefix }) => path.startsWith(pathPrefix))
      .reduce<FaultRule | null>(
        (best, other) => (best === null || other.pathPrefix.length > best.pathPrefix.length ? other : best),
        null,
      );
    if (rule === null) return null;
    const { latencyMs = 0, errorRate = 0, resetRate = 0, hangRate = 0, afterwards = false } = rule;
    const dice = this.#random();
    const fault =
      dice < errorRate
        ? 'error'
        : dice < errorRate + resetRate
          ? 'reset'
          : dice < errorRate + resetRate + hangRate
            ? 'hang'
            : null;
    return { latencyMs, fault, afterwards };
  }
}

function isAtLeastZero(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
