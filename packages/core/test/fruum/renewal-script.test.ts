import { createContext, runInContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';

import { type RenewalScriptOptions, renewalScript } from '../../src/fruum/renewal-script.js';

const url = 'https://site.example.com/sso/fruum/user';
const fresh = { id: '7', hash: 'fresh' };

type Answer = { readonly status: number; readonly body: unknown } | 'offline' | 'later';

/** A page in a browser, as far as the script can see it: a clock that is moved by hand, and a site that answers. */
function openPage(options: Partial<RenewalScriptOptions> = {}) {
  let now = 0;
  let timers: { readonly id: number; readonly at: number; readonly run: () => void }[] = [];
  let lastId = 0;
  let answer: Answer = { status: 200, body: { user: fresh, renewAfter: 100 } };
  const requests: { readonly target: unknown; readonly init: unknown }[] = [];
  const waiting: ((response: unknown) => void)[] = [];
  const listeners = new Map<string, () => void>();
  const listen = (name: string, listener: () => void): void => {
    listeners.set(name, listener);
  };
  const document = { hidden: false, addEventListener: listen };
  const window: {
    FruumData?: unknown[];
    forumSsoFruum?: { renew(): void; signOut(): void };
    addEventListener: typeof listen;
  } = {
    addEventListener: listen,
  };
  const responseOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => ({
    ok: status === 200,
    status,
    json: async () => body,
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const context = createContext({
    window,
    document,
    Date: { now: () => now },
    setTimeout: (run: () => void, ms: number) => {
      lastId++;
      timers.push({ id: lastId, at: now + ms, run });
      return lastId;
    },
    clearTimeout: (id: number) => {
      timers = timers.filter((timer) => timer.id !== id);
    },
    fetch: (target: unknown, init: unknown) => {
      requests.push({ target, init });
      if (answer === 'offline') return Promise.reject(new Error('offline'));
      if (answer === 'later') return new Promise((resolve) => waiting.push(resolve));
      return Promise.resolve(responseOf(answer));
    },
  });
  runInContext(renewalScript({ url, after: 100, signedIn: true, ...options }), context);
  return {
    requests,
    document,
    pushed: () => window.FruumData ?? [],
    api: () => {
      if (window.forumSsoFruum === undefined) throw new Error('The page has no forumSsoFruum.');
      return window.forumSsoFruum;
    },
    answer(next: Answer) {
      answer = next;
    },
    async deliver(late: { readonly status: number; readonly body: unknown }) {
      waiting.shift()?.(responseOf(late));
      await settle();
    },
    async event(name: string) {
      listeners.get(name)?.();
      await settle();
    },
    settle,
    /** Moves the clock; a sleeping machine does so without its timers. */
    async wait(seconds: number, { asleep = false } = {}) {
      const end = now + seconds * 1_000;
      while (!asleep) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter(({ id }) => id !== next.id);
        now = next.at;
        next.run();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

describe('an open page', () => {
  test('fetches a fresh hash in time and hands it to Fruum, again and again', async () => {
    const page = openPage();
    await page.wait(99);
    expect(page.requests).toEqual([]);
    await page.wait(1);
    expect(page.requests).toEqual([
      {
        target: url,
        init: { method: 'POST', credentials: 'same-origin', cache: 'no-store', redirect: 'error' },
      },
    ]);
    expect(page.pushed()).toEqual([{ user: fresh }]);
    page.answer({ status: 200, body: { user: { id: '7', hash: 'next' }, renewAfter: 50 } });
    await page.wait(100);
    expect(page.pushed()).toEqual([{ user: fresh }, { user: { id: '7', hash: 'next' } }]);
    await page.wait(49);
    expect(page.requests).toHaveLength(2);
    await page.wait(1);
    expect(page.requests).toHaveLength(3);
  });

  test('when nobody is signed in any more, Fruum is told, and nothing more is asked', async () => {
    const page = openPage();
    page.answer({ status: 200, body: { user: null } });
    await page.wait(100);
    expect(page.pushed()).toEqual([{ user: {} }]);
    await page.wait(100_000);
    await page.event('visibilitychange');
    expect(page.requests).toHaveLength(1);
  });

  test.each<[string, Answer]>([
    ['the site cannot be reached', 'offline'],
    ['the site has a fault', { status: 503, body: { error: 'ERR_STORE_UNAVAILABLE' } }],
    ['the answer is not what it should be', { status: 200, body: null }],
  ])('%s: the person stays, and it is tried again, ever more slowly', async (_name, answer) => {
    const page = openPage();
    page.answer(answer);
    await page.wait(100);
    expect(page.requests).toHaveLength(1);
    await page.wait(15);
    expect(page.requests).toHaveLength(2);
    await page.wait(29);
    expect(page.requests).toHaveLength(2);
    await page.wait(1);
    expect(page.requests).toHaveLength(3);
    expect(page.pushed()).toEqual([]);
    await page.wait(86_400);
    expect(page.requests.length).toBeLessThan(110);
    page.answer({ status: 200, body: { user: fresh, renewAfter: 100 } });
    await page.wait(900);
    expect(page.pushed()[0]).toEqual({ user: fresh });
  });

  test('after a sleep it renews as soon as the page is seen again', async () => {
    const page = openPage();
    await page.wait(5_000, { asleep: true });
    page.document.hidden = true;
    await page.event('visibilitychange');
    expect(page.requests).toEqual([]);
    page.document.hidden = false;
    await page.event('visibilitychange');
    expect(page.requests).toHaveLength(1);
    await page.event('online');
    expect(page.requests).toHaveLength(1);
  });

  test('nothing is asked before it is due', async () => {
    const page = openPage();
    await page.wait(50);
    await page.event('visibilitychange');
    expect(page.requests).toEqual([]);
  });

  test('one request at a time', async () => {
    const page = openPage();
    page.answer('later');
    await page.wait(100);
    page.api().renew();
    await page.event('online');
    expect(page.requests).toHaveLength(1);
    await page.deliver({ status: 200, body: { user: fresh, renewAfter: 100 } });
    expect(page.pushed()).toEqual([{ user: fresh }]);
  });

  test('signOut tells Fruum at once; an answer that was under way does not bring the person back', async () => {
    const page = openPage();
    page.answer('later');
    await page.wait(100);
    page.api().signOut();
    expect(page.pushed()).toEqual([{ user: {} }]);
    await page.deliver({ status: 200, body: { user: fresh, renewAfter: 100 } });
    await page.wait(10_000);
    expect(page.pushed()).toEqual([{ user: {} }]);
    expect(page.requests).toHaveLength(1);
  });

  test('after a signOut, renew signs in again', async () => {
    const page = openPage();
    page.api().signOut();
    page.api().renew();
    await page.settle();
    expect(page.pushed()).toEqual([{ user: {} }, { user: fresh }]);
  });
});

describe("a guest's page", () => {
  test('asks nothing, until the page says that somebody signed in', async () => {
    const page = openPage({ signedIn: false });
    await page.wait(100_000);
    await page.event('visibilitychange');
    expect(page.requests).toEqual([]);
    page.api().renew();
    await page.settle();
    expect(page.pushed()).toEqual([{ user: fresh }]);
    await page.wait(100);
    expect(page.requests).toHaveLength(2);
  });
});
