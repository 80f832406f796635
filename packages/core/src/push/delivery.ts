import type { Deliverer, Delivery } from '../connector.js';
import {
  type ErrorCode,
  errorFrom,
  type ForumSsoError,
  isForumSsoError,
  refusal,
  refusalFrom,
} from '../errors.js';

/** How it went at one connector. */
export type ConnectorResult =
  | {
      readonly connector: string;
      readonly outcome: 'done';
      readonly notes: readonly string[];
      /** What is left to do by hand at the other system; absent when nothing is. */
      readonly byHand?: readonly string[];
    }
  | {
      readonly connector: string;
      readonly outcome: 'failed';
      readonly code: ErrorCode;
      readonly error: ForumSsoError /** Seconds. */;
      readonly retryAfter?: number;
      /** True when the push queue tries it again. */
      readonly queued?: true;
    }
  | {
      readonly connector: string;
      readonly outcome: 'skipped' /** Why nothing was sent. */;
      readonly reason: string;
    }
  | {
      readonly connector: string;
      readonly outcome: 'impossible' /** Why that system cannot do it. */;
      readonly reason: string;
    };

/** One result for each connector. That some fail is normal: none is undone because of another. */
export interface PushReport {
  readonly results: readonly ConnectorResult[];
  /** True when nothing failed. What a system cannot do at all is no failure. */
  readonly ok: boolean;
}

/** What has become of a person's data. */
export interface RemovalReport extends PushReport {
  /** What a person of the site still has to do, one sentence each, with the connector's name in front. */
  readonly byHand: readonly string[];
}

/** A system that things can be delivered to, with the name of its connector or one made of that. */
export interface NamedConnector<Active extends Deliverer = Deliverer> {
  readonly name: string;
  readonly active: Active;
}

/** Something that connectors may be able to do; a sentence says why one cannot. */
type Ability<F> = F | string | undefined;

/** Why nothing was sent. */
export interface Skipped {
  readonly skipped: string;
}

/**
 * Asks every connector at the same time.
 * @param abilityOf picks what to ask; undefined: this connector has no part in it and is left out of the report
 * @param call delivers, or says why nothing is sent
 */
export async function deliverToAll<F>(
  connectors: readonly NamedConnector[],
  abilityOf: (active: Deliverer) => Ability<F>,
  call: (ability: F, connector: string) => Promise<Delivery | Skipped>,
): Promise<PushReport> {
  const results = await Promise.all(
    connectors.map(async ({ name, active }): Promise<ConnectorResult | undefined> => {
      const ability = abilityOf(active);
      if (ability === undefined) return undefined;
      if (typeof ability === 'string') return { connector: name, outcome: 'impossible', reason: ability };
      return resultOf(name, await settle(() => call(ability, name)));
    }),
  );
  const asked = results.filter((result) => result !== undefined);
  return { results: asked, ok: asked.every(({ outcome }) => outcome !== 'failed') };
}

/** A removal's report: what is left to do. */
export function withRemainder(report: PushReport): RemovalReport {
  const byHand = report.results.flatMap((result) => {
    if (result.outcome === 'impossible') return [`${result.connector}: ${result.reason}`];
    if (result.outcome === 'done') return (result.byHand ?? []).map((task) => `${result.connector}: ${task}`);
    if (result.outcome === 'failed' && result.queued !== true)
      return [`${result.connector}: It failed (${result.code}); call remove again once that is mended.`];
    return [];
  });
  return { ...report, byHand };
}

/** Runs a delivery; what it throws becomes a failed one. */
export async function settle<T>(deliver: () => Promise<T>): Promise<T | Delivery> {
  try {
    return await deliver();
  } catch (cause) {
    if (isForumSsoError(cause)) {
      const passing = cause.status === 503;
      return { done: false, refusal: refusalFrom(cause), ...(passing ? { retryAfter: 0 } : {}) };
    }
    return { done: false, refusal: refusal('ERR_INTERNAL', 'The connector failed unexpectedly.', cause) };
  }
}

function resultOf(connector: string, delivery: Delivery | Skipped): ConnectorResult {
  if ('skipped' in delivery) return { connector, outcome: 'skipped', reason: delivery.skipped };
  if (delivery.done) {
    const { notes = [], byHand } = delivery;
    return { connector, outcome: 'done', notes, ...(byHand === undefined ? {} : { byHand }) };
  }
  return {
    connector,
    outcome: 'failed',
    code: delivery.refusal.refused,
    error: errorFrom(delivery.refusal),
    ...(delivery.retryAfter === undefined ? {} : { retryAfter: delivery.retryAfter }),
  };
}
