import type { ConnectorSetup, Route } from '../connector.js';
import { isRefusal, refusal } from '../errors.js';
import { answerHeaders, type SsoReply } from '../http/reply.js';
import type { CoralSettings } from './options.js';
import { type CoralEvent, judgeWebhook, webhookLimit } from './webhook.js';

/** Oldest event that is taken, in seconds. What is older could be a replay whose mark is gone. */
const oldest = 86_400;

/** How far Coral's clock may be ahead of ours, in seconds. */
const skew = 300;

const received: SsoReply = { status: 204, headers: answerHeaders };

/**
 * Takes Coral's webhooks. Whoever caught an event could send it again, since nothing in the signature limits
 * its life: the id is remembered for as long as the signed creation time is young enough to be taken at all.
 */
export function webhookRoute(
  { secrets, onEvent }: NonNullable<CoralSettings['webhook']>,
  { store, now, emit }: ConnectorSetup,
  connector: string,
): Route {
  return {
    method: 'POST',
    path: '/webhook',
    caller: 'machine',
    async handle({ request }) {
      const body = await request.body(webhookLimit);
      const event = judgeWebhook({ headers: request.headers, body }, secrets.keysAt(now));
      if (isRefusal(event)) return event;
      const name = event.type === 'OTHER' ? event.name : event.type;
      if (!isTimely(event, now())) {
        emit({ type: 'webhook.received', event: name, outcome: 'stale' });
        return refusal(
          'ERR_CORAL_WEBHOOK_STALE',
          'The event is older than a day, or from the future: it is sent again by somebody else, or a clock is wrong.',
        );
      }
      const fresh = await store.oneTime.claim(`coral-webhook:${connector}:${event.id}`, oldest + 2 * skew);
      if (!fresh) {
        emit({ type: 'webhook.received', event: name, outcome: 'duplicate' });
        return received;
      }
      try {
        await onEvent(event);
      } catch (cause) {
        return refusal('ERR_SITE_CALLBACK_FAILED', "The site's webhook.onEvent failed.", cause);
      }
      emit({ type: 'webhook.received', event: name, outcome: 'handled' });
      return received;
    },
  };
}

function isTimely({ createdAt }: CoralEvent, now: Date): boolean {
  const age = (now.getTime() - createdAt.getTime()) / 1_000;
  return age <= oldest && age >= -skew;
}
