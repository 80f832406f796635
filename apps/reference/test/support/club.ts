import type { TestDemo } from './test-demo.js';
import type { Answer, Visitor } from './visitor.js';

/** The emulated Club forum, as a person and its staff use it. */
export interface Club {
  readonly url: string;
  /** Logs somebody in at the forum. */
  logIn(visitor: Visitor, username: string): Promise<Answer>;
  /** From the site's sign-in button to the forum, where the person logs in, and back to the site. */
  signIn(visitor: Visitor, username: string, returnTo?: string): Promise<Answer>;
  /** What the forum's staff do on their pages: `add_group`, `suspend`. */
  act(username: string, action: string, form?: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until the site has answered all webhooks. @returns what it said to each, oldest first */
  webhooks(): Promise<readonly { readonly id: number; readonly event: string; readonly answer: string }[]>;
  /** Sends a webhook once more. */
  redeliver(id: number): Promise<void>;
}

export function clubOf(demo: TestDemo): Club {
  const url = demo.community('discourse-login');
  // Names below localhost are known to browsers only.
  const local = `http://127.0.0.1:${new URL(url).port}`;
  const start = `${demo.origin}/sso/discourse-login/start`;

  async function post(path: string, form: Readonly<Record<string, string>> = {}): Promise<void> {
    const response = await fetch(local + path, {
      method: 'POST',
      body: new URLSearchParams(form),
      redirect: 'manual',
    });
    if (response.status >= 400) throw new Error(`${path} was answered with ${response.status}.`);
  }
  async function read(path: string): Promise<readonly Record<string, unknown>[]> {
    const list: unknown = await (
      await fetch(local + path, { headers: { accept: 'application/json' } })
    ).json();
    return Array.isArray(list) ? list.map((entry) => ({ ...entry })) : [];
  }

  const logIn = async (visitor: Visitor, username: string): Promise<Answer> => {
    const answer = await visitor.post(`${url}/session`, { login: username });
    return answer.location === undefined ? answer : visitor.open(answer.location);
  };

  return {
    url,
    logIn,
    async signIn(visitor, username, returnTo = '/account') {
      await visitor.open(`${start}?${new URLSearchParams({ returnTo })}`);
      return logIn(visitor, username);
    },
    async act(username, action, form) {
      const user = (await read('/emulator/users')).find((each) => each.username === username);
      await post(`/emulator/admin/users/${String(user?.id)}/${action}`, form);
    },
    async webhooks() {
      for (let tries = 0; tries < 250; tries++) {
        const hooks = await read('/emulator/webhooks');
        const deliveries = hooks.flatMap(({ deliveries: sent }) => (Array.isArray(sent) ? sent : []));
        if (deliveries.every(({ status }) => status !== 0)) {
          return deliveries.map(({ id, event, responseBody: answer }) => ({ id, event, answer }));
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error('The site did not answer a webhook.');
    },
    async redeliver(id) {
      const response = await fetch(`${local}/emulator/deliveries/${id}/redeliver`, { method: 'POST' });
      if (!response.ok) throw new Error(`Delivery ${id} was not sent again.`);
    },
  };
}
