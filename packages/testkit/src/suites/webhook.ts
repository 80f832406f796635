import assert from 'node:assert/strict';

import type { DiscourseLoginOptions } from '@forum-sso/core/discourse';

import type { CaseContext, CaseOptions, CaseSite, ConformanceCase } from '../case.js';
import { isOurAnswer, isRefusedJson, sameJson } from '../expect.js';
import type { SiteSetUp } from '../harness.js';
import type { BrowserClient } from '../http/browser-client.js';
import type { HeaderLine, WireReply } from '../http/reply.js';
import { sendRequest } from '../http/send.js';
import {
  type Delivery,
  type forumPeople,
  loginForum,
  webhookDelivery,
  webhookUser,
} from '../site/login-forum.js';
import { people } from '../site/people.js';
import { type Accounts, loginPath, signInWithForum, siteAccounts, startLogin } from './login-site.js';
import { whoIs } from './who-is.js';

/** The largest body that a webhook may have, in bytes. */
const webhookLimit = 1_000_000;

interface WebhookSite {
  readonly site: CaseSite;
  readonly accounts: Accounts;
}

/** A site that follows the forum: `writers` for the group `eurorack`, `staff` for administrators. */
async function start(
  context: CaseContext,
  login: Partial<DiscourseLoginOptions> = {},
  setUp: SiteSetUp = {},
  options: CaseOptions = {},
): Promise<WebhookSite> {
  const accounts = siteAccounts();
  const site = await startLogin(
    context,
    {
      findSiteUser: accounts.findSiteUser,
      createSiteUser: accounts.createSiteUser,
      updateSiteUser: accounts.updateSiteUser,
      groupMap: { writers: ['eurorack'], staff: ['@ADMIN@'] },
      webhook: { secret: loginForum.webhookSecret },
      logout: { followForum: true },
      ...login,
    },
    setUp,
    options,
  );
  return { site, accounts };
}

function deliver(
  site: CaseSite,
  { headers, body }: Delivery,
  {
    more = [],
    without = '',
    chunked = false,
  }: {
    readonly more?: readonly HeaderLine[];
    readonly without?: string;
    readonly chunked?: boolean;
  } = {},
): Promise<WireReply> {
  const sent = headers.filter(([name]) => name !== without);
  return site.send('POST', loginPath('webhook'), { headers: [...sent, ...more], body, chunked });
}

/** One word, as text, for the forum's log. */
function isAcknowledged(reply: WireReply, outcome: string): void {
  isOurAnswer(reply, 200);
  assert.equal(reply.header('content-type'), 'text/plain; charset=utf-8');
  assert.equal(reply.text, outcome);
  assert.equal(reply.header('set-cookie'), undefined);
}

async function forumBrowser(site: CaseSite, name: keyof typeof forumPeople): Promise<BrowserClient> {
  const browser = site.browser();
  await signInWithForum(site, browser, name);
  return browser;
}

/** After any login of the test. */
const later = '2099-01-01T00:00:00.000Z';

export const webhookCases: readonly ConformanceCase[] = [
  {
    name: 'a signed event is carried out at once',
    async run(context) {
      const { site, accounts } = await start(context);
      await forumBrowser(site, 'bob');
      const promoted = webhookUser('bob', { admin: true, last_seen_at: later, groups: [] });
      isAcknowledged(await deliver(site, webhookDelivery(promoted)), 'handled');
      const change = accounts.changes.at(-1);
      sameJson([change?.reason, change?.groups], ['user_updated', { join: ['staff'], leave: [] }]);
      const event = site.events.at(-1);
      sameJson(event?.type === 'webhook.received' ? [event.event, event.outcome] : event?.type, [
        'user_updated',
        'handled',
      ]);
    },
  },
  {
    name: 'what is not signed with the secret over these very bytes is refused and changes nothing',
    async run(context) {
      const { site, accounts } = await start(context);
      const browser = await forumBrowser(site, 'alice');
      const changes = accounts.changes.length;
      const right = webhookDelivery(webhookUser('alice'), { event: 'user_logged_out' });
      const signature = 'X-Discourse-Event-Signature';
      const [, digest = ''] = right.headers.find(([name]) => name === signature) ?? [];
      isRefusedJson(
        site,
        await deliver(site, right, { without: signature }),
        'ERR_WEBHOOK_SIGNATURE_MISSING',
      );
      for (const wrong of [
        digest.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
        digest.replace('sha256=', ''),
        digest.toUpperCase(),
        digest.replace('sha256=', 'sha1='),
        `${digest}, ${digest}`,
      ]) {
        const reply = await deliver(site, right, { without: signature, more: [[signature, wrong]] });
        isRefusedJson(site, reply, 'ERR_WEBHOOK_SIGNATURE_INVALID');
      }
      const other = webhookDelivery(webhookUser('alice'), { secret: 'another-secret-of-another-forum' });
      isRefusedJson(site, await deliver(site, other), 'ERR_WEBHOOK_SIGNATURE_INVALID');
      for (const body of [
        Buffer.from(JSON.stringify(JSON.parse(Buffer.from(right.body).toString()), null, 1)),
        Buffer.concat([right.body, Buffer.from('\n')]),
        right.body.subarray(0, -1),
        Buffer.alloc(0),
      ]) {
        isRefusedJson(
          site,
          await deliver(site, { headers: right.headers, body }),
          'ERR_WEBHOOK_SIGNATURE_INVALID',
        );
      }
      assert.equal(await whoIs(site, browser), people.alice.id);
      assert.equal(accounts.changes.length, changes);
    },
  },
  {
    name: 'the bytes count as they were sent, whatever they are called',
    async run(context) {
      const { site } = await start(context);
      let id = 100;
      const bodies = [
        JSON.stringify(webhookUser('bob'), null, 4),
        `  ${JSON.stringify(webhookUser('bob'))}\r\n`,
        JSON.stringify(webhookUser('bob', { title: 'Ölga' })).replace('Ö', '\\u00d6'),
        JSON.stringify(webhookUser('bob', { title: '日本語 ✓' })),
        JSON.stringify(webhookUser('bob')).replace('"id":43', '"id":1,"id":43.0'),
      ];
      for (const contentType of [
        'application/json',
        'application/json; charset=iso-8859-1',
        'application/x-www-form-urlencoded',
        'text/plain',
      ]) {
        for (const body of bodies) {
          for (const chunked of [false, true]) {
            const delivery = webhookDelivery(body, { contentType, id: String(id++) });
            isAcknowledged(await deliver(site, delivery, { chunked }), 'unlinked');
          }
        }
      }
    },
  },
  {
    name: 'a parser of the application in front is named with the remedy; the raw bytes that it keeps are used',
    async run(context) {
      const { site } = await start(context, {}, { parser: 'json' });
      const delivery = webhookDelivery(webhookUser('bob'));
      isRefusedJson(site, await deliver(site, delivery), 'ERR_RAW_BODY_CONSUMED');
      const event = site.events.at(-1);
      assert.match(event?.type === 'request.refused' ? event.detail : '', /parser.*rawBody/s);
      // What the parser leaves alone arrives.
      const asForm = webhookDelivery(webhookUser('bob'), {
        contentType: 'application/x-www-form-urlencoded',
      });
      isAcknowledged(await deliver(site, asForm), 'unlinked');

      const { site: keeping } = await start(context, {}, { parser: 'kept' });
      const odd = webhookDelivery(JSON.stringify(webhookUser('bob'), null, 3));
      isAcknowledged(await deliver(keeping, odd), 'unlinked');
      const other = { ...odd, body: Buffer.from(JSON.stringify(webhookUser('bob'), null, 2)) };
      isRefusedJson(keeping, await deliver(keeping, other), 'ERR_WEBHOOK_SIGNATURE_INVALID');
    },
  },
  {
    name: 'a body at the limit is read, a larger one is not',
    async run(context) {
      const { site } = await start(context);
      const filler = (size: number): string => `{"post":"${'x'.repeat(size - 11)}"}`;
      for (const chunked of [false, true]) {
        const largest = webhookDelivery(filler(webhookLimit), { type: 'post', event: 'post_created' });
        assert.equal(largest.body.byteLength, webhookLimit);
        isAcknowledged(await deliver(site, largest, { chunked }), 'ignored');
        const larger = webhookDelivery(filler(webhookLimit + 1), { type: 'post', event: 'post_created' });
        isRefusedJson(site, await deliver(site, larger, { chunked }), 'ERR_BODY_TOO_LARGE');
      }
    },
  },
  {
    name: 'a redelivery is recognised; the same under another number is not, and changes nothing more',
    async run(context) {
      const { site, accounts } = await start(context);
      await forumBrowser(site, 'bob');
      const promoted = webhookUser('bob', { admin: true, last_seen_at: later });
      isAcknowledged(await deliver(site, webhookDelivery(promoted, { id: '7' })), 'handled');
      const changes = accounts.changes.length;
      isAcknowledged(await deliver(site, webhookDelivery(promoted, { id: '7' })), 'duplicate');
      isAcknowledged(await deliver(site, webhookDelivery(promoted, { id: '8' })), 'handled');
      assert.equal(accounts.changes.length, changes, 'the same event granted something twice');
    },
  },
  {
    name: 'a delivery that failed here may come again under the same number',
    async run(context) {
      const accounts = siteAccounts();
      let broken = true;
      const { site } = await start(context, {
        async updateSiteUser(user, change) {
          if (broken && change.reason !== 'login') throw new Error('out of order');
          return accounts.updateSiteUser(user, change);
        },
      });
      await forumBrowser(site, 'bob');
      const promoted = webhookDelivery(webhookUser('bob', { admin: true, last_seen_at: later }));
      isRefusedJson(site, await deliver(site, promoted), 'ERR_SITE_CALLBACK_FAILED');
      broken = false;
      isAcknowledged(await deliver(site, promoted), 'handled');
      isAcknowledged(await deliver(site, promoted), 'duplicate');
    },
  },
  {
    name: 'a log-out at the forum ends every session of the person, and nobody else’s',
    async run(context) {
      for (const event of ['user_logged_out', 'user_suspended', 'user_destroyed']) {
        const { site } = await start(context);
        const [one, two, other] = [
          await forumBrowser(site, 'alice'),
          await forumBrowser(site, 'alice'),
          await forumBrowser(site, 'bob'),
        ];
        isAcknowledged(await deliver(site, webhookDelivery(webhookUser('alice'), { event })), 'handled');
        sameJson(
          [await whoIs(site, one), await whoIs(site, two), await whoIs(site, other)],
          [null, null, people.bob.id],
        );
      }
    },
  },
  {
    name: "the site's own sessions are ended through its callback",
    async run(context) {
      const ended: string[] = [];
      const endSessions = async (id: string): Promise<void> => {
        ended.push(id);
      };
      const { site } = await start(context, {}, {}, { endSessions });
      await forumBrowser(site, 'alice');
      const delivery = webhookDelivery(webhookUser('alice'), { event: 'user_logged_out' });
      isAcknowledged(await deliver(site, delivery), 'handled');
      sameJson(ended, [people.alice.id]);
    },
  },
  {
    name: 'a ping, and what is not about people, is acknowledged',
    async run(context) {
      const { site } = await start(context);
      const ping = webhookDelivery({ ping: 'OK' }, { type: 'ping', event: 'ping' });
      isAcknowledged(await deliver(site, ping), 'pong');
      const post = webhookDelivery({ post: { id: 1 } }, { type: 'post', event: 'post_created' });
      isAcknowledged(await deliver(site, post), 'ignored');
      const created = webhookDelivery(webhookUser('bob'), { event: 'user_created' });
      isAcknowledged(await deliver(site, created), 'ignored');
      const broken = webhookDelivery('{"user":{"id":"43"}}');
      isRefusedJson(site, await deliver(site, broken), 'ERR_WEBHOOK_MALFORMED');
      // Signed bytes that are no text at all arrive as they are, too.
      const bytes = webhookDelivery(Buffer.from('{"user":"\xff"}', 'latin1'));
      isRefusedJson(site, await deliver(site, bytes), 'ERR_WEBHOOK_MALFORMED');
    },
  },
  {
    name: 'senders are told by the socket, and by X-Forwarded-For only behind trusted proxies',
    async run(context) {
      const webhook = { secret: loginForum.webhookSecret, allowedIps: ['198.51.100.0/24'] };
      const forwarded = [['X-Forwarded-For', '203.0.113.9, 198.51.100.7']] as const;
      const { site: open } = await start(context, { webhook });
      const foreign = await deliver(open, webhookDelivery(webhookUser('bob')), { more: forwarded });
      isRefusedJson(open, foreign, 'ERR_WEBHOOK_SENDER_FOREIGN');

      const trustedProxies = ['127.0.0.0/8', '::1'];
      const { site: behind } = await start(context, { webhook }, {}, { trustedProxies });
      isAcknowledged(
        await deliver(behind, webhookDelivery(webhookUser('bob')), { more: forwarded }),
        'unlinked',
      );
      const made = [['X-Forwarded-For', '198.51.100.7, 203.0.113.9']] as const;
      isRefusedJson(
        behind,
        await deliver(behind, webhookDelivery(webhookUser('bob'), { id: '2' }), { more: made }),
        'ERR_WEBHOOK_SENDER_FOREIGN',
      );
      const { site: local } = await start(context, {
        webhook: { secret: loginForum.webhookSecret, allowedIps: ['127.0.0.1'] },
      });
      isAcknowledged(await deliver(local, webhookDelivery(webhookUser('bob'))), 'unlinked');
    },
  },
  {
    name: 'only a POST is a webhook',
    async run(context) {
      const { site } = await start(context);
      const { headers, body } = webhookDelivery(webhookUser('bob'));
      for (const method of ['GET', 'PUT']) {
        const reply = await site.send(method, loginPath('webhook'), {
          headers,
          ...(method === 'PUT' ? { body } : {}),
        });
        isRefusedJson(site, reply, 'ERR_METHOD_NOT_ALLOWED');
        assert.equal(reply.header('allow'), 'POST');
      }
    },
  },
  {
    name: 'webhooks at the same time about the same person are carried out one by one',
    async run(context) {
      const accounts = siteAccounts();
      let [running, most] = [0, 0];
      const { site } = await start(context, {
        async updateSiteUser(user, change) {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 15));
          running--;
          return accounts.updateSiteUser(user, change);
        },
      });
      await forumBrowser(site, 'bob');
      const deliveries = Array.from({ length: 6 }, (_, i) =>
        webhookDelivery(webhookUser('bob', { last_seen_at: `2099-01-01T00:00:0${i}.000Z` }), { id: `${i}` }),
      );
      // Which of them come too late is open, so these answers are not held against those of other adapters.
      const { origin } = site;
      const replies = await Promise.all(
        deliveries.map(({ headers, body }) =>
          sendRequest({ method: 'POST', origin, target: loginPath('webhook'), headers, body }),
        ),
      );
      for (const reply of replies) isOurAnswer(reply, 200);
      assert.equal(most, 1);
    },
  },
];
