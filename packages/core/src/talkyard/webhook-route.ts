import { createHash, timingSafeEqual } from 'node:crypto';

import type { ConnectorSetup, Exchange } from '../connector.js';
import { errorRow, isRefusal, type Refusal, refusal, refusalForThrown } from '../errors.js';
import { requestRefused } from '../events/request-refused.js';
import { jsonReply, type SsoReply } from '../http/reply.js';
import type { SecretRing } from '../secrets.js';
import type { TalkyardMember } from './answers.js';
import type { TalkyardClient } from './client.js';
import { readNotice, type TalkyardNoticeEvent } from './webhook.js';

/** What the site is told about an event at Talkyard. */
export interface TalkyardHint extends TalkyardNoticeEvent {
  /**
   * The user whom a `PatCreated` is about, read from Talkyard now: the only part that can be relied upon. Null when
   * Talkyard knows no such user, undefined when the event is about no user.
   */
  readonly user?: TalkyardMember | null;
}

const bodyLimit = 1_000_000;
/** Talkyard repeats for 3 days. */
const rememberedSeconds = 4 * 86_400;
const failedLimit = 1_000;

export interface WebhookParts {
  readonly connector: string;
  readonly serverOrigin: string;
  readonly secrets: SecretRing;
  readonly client: TalkyardClient;
  readonly onHint: (hint: TalkyardHint) => void | Promise<void>;
}

/**
 * Answers Talkyard's webhook at an address that only Talkyard knows. Each event is taken once, by id and origin, unless the
 * site failed with it; Talkyard then repeats it. The address is a secret, so it stands in no event: refusals are reported
 * here, with the path cut.
 */
export function createWebhookHandler(
  { connector, serverOrigin, secrets, client, onHint }: WebhookParts,
  setup: ConnectorSetup,
): (exchange: Exchange) => Promise<SsoReply | Refusal> {
  const failed = new Set<string>();

  const take = async (event: TalkyardNoticeEvent): Promise<Refusal | undefined> => {
    const key = `talkyard-webhook:${connector}:${serverOrigin}:${event.id}`;
    const fresh = await setup.store.oneTime.claim(key, rememberedSeconds);
    if (!fresh && !failed.delete(key)) {
      setup.emit({ type: 'webhook.received', event: event.type, outcome: 'duplicate' });
      return undefined;
    }
    const result = await tell(event);
    if (result === undefined) setup.emit({ type: 'webhook.received', event: event.type, outcome: 'handled' });
    if (result !== undefined && failed.size < failedLimit) failed.add(key);
    return result;
  };

  const tell = async (event: TalkyardNoticeEvent): Promise<Refusal | undefined> => {
    const user = event.userId === undefined ? undefined : await readBack(event.userId);
    if (isRefusal(user)) return user;
    try {
      await onHint(user === undefined ? event : { ...event, user });
      return undefined;
    } catch (cause) {
      return refusal('ERR_SITE_CALLBACK_FAILED', "The site's webhook.onHint failed.", cause);
    }
  };

  const readBack = async (userId: number): Promise<TalkyardMember | null | Refusal> => {
    const found = await client.lookUp([`userid:${userId}`]);
    if (isRefusal(found)) return found;
    const [lookup] = found;
    return lookup !== undefined && 'found' in lookup ? lookup.found : null;
  };

  const answer = async (exchange: Exchange): Promise<SsoReply | Refusal> => {
    const notice = readNotice(await exchange.request.body(bodyLimit));
    if (isRefusal(notice)) return notice;
    if (notice.origin !== serverOrigin) {
      return refusal(
        'ERR_TALKYARD_WEBHOOK_FOREIGN',
        `The call says to come from another Talkyard than ${serverOrigin}: check serverUrl.`,
      );
    }
    for (const event of notice.events) {
      const result = await take(event);
      if (result !== undefined) return result;
    }
    return jsonReply(200, { ok: true });
  };

  return async (exchange) => {
    const address = exchange.id ?? '';
    const position = secrets.keysAt(setup.now).findIndex((key) => sameText(address, key.export()));
    if (position === -1) {
      return refusal(
        'ERR_TALKYARD_WEBHOOK_UNKNOWN',
        'The webhook was called at another address than the configured one.',
      );
    }
    if (position > 0) setup.emit({ type: 'secret.old_used', position });
    let result: SsoReply | Refusal;
    try {
      result = await answer(exchange);
    } catch (error) {
      result = refusalForThrown(error, 'ERR_INTERNAL', 'A webhook call failed unexpectedly.');
    }
    if (!isRefusal(result)) return result;
    const code = result.refused;
    const { status, publicMessage } = errorRow(code);
    setup.emit(requestRefused(result, exchange.path.slice(0, exchange.path.lastIndexOf('/') + 1)));
    return jsonReply(status, { error: code, message: publicMessage });
  };
}

/** Compares without telling by time how much was right, whatever the lengths. */
function sameText(text: string, secret: Uint8Array): boolean {
  const digest = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
  return timingSafeEqual(digest(text), digest(secret));
}
