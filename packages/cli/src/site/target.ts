import {
  type ActiveConnector,
  type ConnectorSetup,
  createForumSso,
  type Delivery,
  type ForumSsoOptions,
  type ForumSsoStore,
  type Refusal,
  refusalForThrown,
  type SiteUser,
} from '@forum-sso/core';

import type { JournalKey } from '../push/digests.js';
import { UsageError } from '../usage-error.js';
import type { FetchSwitch } from './fetch-switch.js';

/** A connector of the site, set up and out of the engine's hands. */
export interface SetUpConnector {
  readonly kind: string;
  readonly name: string;
  readonly setup: ConnectorSetup;
  readonly active: ActiveConnector;
}

/** The connectors of a site, ready to be called, and what the engine would warn of. */
export interface SetUpSite {
  readonly connectors: readonly SetUpConnector[];
  readonly warnings: readonly { readonly connector: string | undefined; readonly detail: string }[];
}

/**
 * Sets a site's connectors up as the engine does, with its checks.
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` with all problems
 */
export function setUpSite(options: ForumSsoOptions, send: typeof fetch): SetUpSite {
  const connectors: SetUpConnector[] = [];
  const warnings: { connector: string | undefined; detail: string }[] = [];
  // Waiting jobs are the running site's, and stay with it.
  const { queue: _queue, store, ...rest } = options;
  const forumSso = createForumSso({
    ...rest,
    ...(store === undefined ? {} : { store: withoutJobs(store) }),
    fetch: send,
    connectors: options.connectors.map((connector) => ({
      kind: connector.kind,
      name: connector.name,
      setUp(setup) {
        const active = connector.setUp(setup);
        if (active !== null) connectors.push({ kind: connector.kind, name: connector.name, setup, active });
        return active;
      },
    })),
    events: (event) => {
      if (event.type === 'setup.warning') warnings.push({ connector: event.connector, detail: event.detail });
    },
  });
  void forumSso.close(0);
  return { connectors, warnings };
}

function withoutJobs(store: ForumSsoStore): ForumSsoStore {
  const { shared, oneTime, revocations, links, profiles, locks, people, numbers } = store;
  return {
    ...{ shared, oneTime, revocations },
    ...(links === undefined ? {} : { links }),
    ...(profiles === undefined ? {} : { profiles }),
    ...(locks === undefined ? {} : { locks }),
    ...(people === undefined ? {} : { people }),
    ...(numbers === undefined ? {} : { numbers }),
  };
}

/** One community, as a push needs it. */
export interface Target {
  readonly kind: string;
  readonly connector: string;
  /** Where the community's API is; the empty string for connectors that are not ours. */
  readonly address: string;
  /** How many people a minute the community takes. */
  readonly perMinute: number;
  readonly keys: readonly [JournalKey, ...JournalKey[]];
  push(user: SiteUser): Promise<Delivery>;
  /**
   * What the site has decided about a person; null when nothing is against sending. Undefined: there is no store that
   * outlives this process.
   */
  readonly standing?: (siteUserId: string) => Promise<'removed' | 'suspended' | null | Refusal>;
  /** Goes through a push without any call. Null for connectors that are not ours and could not be held back. */
  readonly rehearse: ((user: SiteUser) => Promise<Rehearsal>) | null;
}

/** What a push would do. */
export interface Rehearsal {
  /** Something would be sent. */
  readonly sends: boolean;
  /** Why it would be refused before anything is sent. */
  readonly refusal?: Refusal;
  readonly notes: readonly string[];
}

/** Connectors whose every call goes through the `fetch` that they are given. */
const heldBack: ReadonlySet<string> = new Set(['discourse', 'talkyard', 'coral']);

/** A person who does not exist, to find out where a connector calls. */
const nobody: SiteUser = {
  id: 'forum-sso-rehearsal',
  email: 'nobody@example.com',
  emailVerified: true,
  username: 'nobody',
  groups: [],
};

/**
 * Picks the connector to push to, and finds out what is to be known of it, without any call.
 * @param wanted name of the connector; left out: the only one that can push
 * @throws UsageError
 */
export async function openTarget(
  site: SetUpSite,
  wanted: string | undefined,
  gate: FetchSwitch,
): Promise<Target> {
  const { kind, name, setup, active } = pick(site, wanted);
  const { push } = active;
  if (typeof push !== 'function')
    throw new UsageError(`The connector "${name}" cannot push. ${push ?? ''}`.trim());

  const deliver = async (user: SiteUser): Promise<Delivery> => {
    try {
      return await push(user);
    } catch (error) {
      const detail = 'The connector failed unexpectedly.';
      return { done: false, refusal: refusalForThrown(error, 'ERR_INTERNAL', detail) };
    }
  };
  const rehearse = async (user: SiteUser): Promise<Rehearsal & { readonly address: string | undefined }> => {
    let delivery: Delivery | undefined;
    const [address] = await gate.trapped(async () => {
      delivery = await deliver(user);
    });
    if (address !== undefined) return { sends: true, notes: [], address };
    if (delivery?.done === false) return { sends: false, refusal: delivery.refusal, notes: [], address };
    return { sends: false, notes: delivery?.notes ?? [], address };
  };

  const isOurs = heldBack.has(kind);
  const found = isOurs ? await rehearse(nobody) : undefined;
  if (found !== undefined && found.address === undefined) {
    throw new UsageError(
      `The connector "${name}" sends nothing for a made-up person, so its community cannot be told: ${found.refusal?.detail ?? found.notes.join(' ')}`,
    );
  }
  const [newest, ...older] = setup.keys.subKeys('push-journal', name);
  return {
    kind,
    connector: name,
    address: found?.address ?? '',
    perMinute: pushesPerMinute(active),
    keys: [newest, ...older],
    push: deliver,
    ...standingsOf(setup),
    rehearse: isOurs ? rehearse : null,
  };
}

function pick({ connectors }: SetUpSite, wanted: string | undefined): SetUpConnector {
  if (wanted !== undefined) {
    const named = connectors.find(({ name }) => name === wanted);
    if (named !== undefined) return named;
    const names = connectors.map(({ name }) => name).join(', ');
    throw new UsageError(`--to ${wanted}: there is no such connector. There are: ${names}.`);
  }
  const able = connectors.filter(({ active }) => typeof active.push === 'function');
  const [only, ...others] = able;
  if (only === undefined) {
    const reasons = connectors.map(
      ({ name, active }) =>
        `${name}: ${typeof active.push === 'string' ? active.push : 'It has nothing to push.'}`,
    );
    throw new UsageError(['No connector can push.', ...reasons]);
  }
  if (others.length === 0) return only;
  throw new UsageError(
    `Several connectors can push; name one by --to: ${able.map(({ name }) => name).join(', ')}.`,
  );
}

function pushesPerMinute({ pace }: ActiveConnector): number {
  if (pace === undefined) return 60;
  return (pace.calls / pace.seconds / (pace.callsOf?.push ?? 1)) * 60;
}

function standingsOf({ store }: ConnectorSetup): Pick<Target, 'standing'> {
  const { people } = store;
  // What one process keeps in its memory is empty at the start of the next.
  if (!store.shared || people === undefined) return {};
  return {
    async standing(siteUserId) {
      try {
        return (await people.standing(siteUserId))?.state ?? null;
      } catch (error) {
        return refusalForThrown(error, 'ERR_STORE_UNAVAILABLE', 'The store answered with an error.');
      }
    },
  };
}
