import type { ActiveConnector, Capability, Delivery } from '../connector.js';
import { type ErrorCode, errorFrom, type ForumSsoError, refusal } from '../errors.js';

/** How it went at one connector. */
export type ConnectorResult =
  | { readonly connector: string; readonly outcome: 'done'; readonly notes: readonly string[] }
  | {
      readonly connector: string;
      readonly outcome: 'failed';
      readonly code: ErrorCode;
      readonly error: ForumSsoError /** Seconds. */;
      readonly retryAfter?: number;
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

interface NamedConnector {
  readonly name: string;
  readonly active: ActiveConnector;
}

/**
 * Asks every connector at the same time.
 * @param capabilityOf picks what to ask; undefined: this connector has no part in it and is left out of the report
 */
export async function deliverToAll<F>(
  connectors: readonly NamedConnector[],
  capabilityOf: (active: ActiveConnector) => Capability<F> | undefined,
  call: (capability: F) => Promise<Delivery>,
): Promise<PushReport> {
  const results = await Promise.all(
    connectors.map(async ({ name, active }): Promise<ConnectorResult | undefined> => {
      const capability = capabilityOf(active);
      if (capability === undefined) return undefined;
      if (typeof capability === 'string')
        return { connector: name, outcome: 'impossible', reason: capability };
      return resultOf(name, await settle(() => call(capability)));
    }),
  );
  const asked = results.filter((result) => result !== undefined);
  return { results: asked, ok: asked.every(({ outcome }) => outcome !== 'failed') };
}

async function settle(deliver: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await deliver();
  } catch (cause) {
    return { done: false, refusal: refusal('ERR_INTERNAL', 'The connector failed unexpectedly.', cause) };
  }
}

function resultOf(connector: string, delivery: Delivery): ConnectorResult {
  if (delivery.done) return { connector, outcome: 'done', notes: delivery.notes ?? [] };
  return {
    connector,
    outcome: 'failed',
    code: delivery.refusal.refused,
    error: errorFrom(delivery.refusal),
    ...(delivery.retryAfter === undefined ? {} : { retryAfter: delivery.retryAfter }),
  };
}
