import { createContext, runInContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { type CoralStreamEmbedOptions, coralPageHeaders, coralStreamEmbed } from '../../src/coral/index.js';
import { isForumSsoError } from '../../src/errors.js';

const base: CoralStreamEmbedOptions = {
  coralUrl: 'https://comments.example.com',
  storyId: 'story-1',
  storyUrl: 'https://news.example.com/story-1',
  tokenUrl: 'https://example.com/sso/coral/token',
  signInUrl: 'https://example.com/sso/coral/sign-in',
  signOutUrl: 'https://example.com/sso/coral/sign-out',
};

/** What a fetch of the page comes to. */
type Answer = { readonly status: number; readonly body: string } | 'fails' | 'never ends';

interface StreamOptions extends Readonly<Record<string, unknown>> {
  readonly events: (coral: { on(name: string, act: () => void): void }) => void;
  readonly refreshAccessToken: (next: (token: string) => void) => void;
}

/** The page at work: what its script did, with stand-ins for the browser and for Coral. */
interface Page {
  readonly script: { src: string; nonce?: string };
  readonly created: readonly StreamOptions[];
  readonly logins: readonly string[];
  readonly calls: readonly { readonly url: string; readonly init: Readonly<Record<string, unknown>> }[];
  readonly visited: readonly string[];
  reloads(): number;
  /** Fires what Coral fires. */
  fire(name: string): void;
  /** Lets all timers run out. */
  runOut(): void;
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

async function open(
  options: CoralStreamEmbedOptions,
  answer: Answer = { status: 401, body: '{}' },
): Promise<Page> {
  const html = coralStreamEmbed(options);
  const source = /<script[^>]*>([\s\S]*)<\/script>$/.exec(html)?.[1] ?? '';
  const script: { src: string; nonce?: string; onload?: () => void } = { src: '' };
  const created: StreamOptions[] = [];
  const logins: string[] = [];
  const calls: { url: string; init: Readonly<Record<string, unknown>> }[] = [];
  const visited: string[] = [];
  const timers: (() => void)[] = [];
  const listeners = new Map<string, () => void>();
  let reloads = 0;
  const window = {
    Coral: {
      createStreamEmbed(stream: StreamOptions) {
        created.push(stream);
        stream.events({ on: (name, act) => void listeners.set(name, act) });
        return { login: (token: string) => void logins.push(token) };
      },
    },
  };
  const context = createContext({
    window,
    document: {
      currentScript: { nonce: options.nonce ?? '' },
      createElement: () => script,
      head: { appendChild: () => undefined },
    },
    location: {
      href: 'https://news.example.com/story-1?a=b&c=d#comments',
      assign: (url: string) => void visited.push(url),
      reload: () => void reloads++,
    },
    setTimeout: (act: () => void) => void timers.push(act),
    fetch: (url: string, init: Readonly<Record<string, unknown>>) => {
      calls.push({ url, init });
      if (answer === 'never ends') return new Promise(() => undefined);
      if (answer === 'fails') return Promise.reject(new Error('network'));
      const { status, body } = answer;
      return Promise.resolve({ ok: status < 300, json: async (): Promise<unknown> => JSON.parse(body) });
    },
  });
  runInContext(source, context);
  expect(created).toEqual([]);
  script.onload?.();
  await settled();
  return {
    script,
    created,
    logins,
    calls,
    visited,
    reloads: () => reloads,
    fire: (name) => listeners.get(name)?.(),
    runOut: () => {
      for (const act of timers.splice(0)) act();
    },
  };
}

const token = (text: string): Answer => ({ status: 200, body: JSON.stringify({ accessToken: text }) });

describe('the first token', () => {
  test('is fetched and given to login(), and to nothing else', async () => {
    const page = await open(base, token('t-1'));
    expect(page.logins).toEqual(['t-1']);
    expect(page.created).toHaveLength(1);
    expect(page.created[0]).not.toHaveProperty('accessToken');
    expect(page.created[0]).toMatchObject({
      id: 'coral_thread',
      rootURL: 'https://comments.example.com',
      storyID: 'story-1',
      storyURL: 'https://news.example.com/story-1',
      autoRender: true,
    });
    expect(page.calls).toEqual([
      {
        url: base.tokenUrl,
        init: { method: 'POST', credentials: 'include', cache: 'no-store', redirect: 'error' },
      },
    ]);
  });

  test.each<[string, Answer]>([
    ['a guest', { status: 401, body: '{"error":"ERR_SIGN_IN_REQUIRED"}' }],
    ['a network failure', 'fails'],
    ['an answer that is no JSON', { status: 200, body: 'hello' }],
    ['an answer without token', { status: 200, body: '{}' }],
    ['a token that is no text', { status: 200, body: '{"accessToken":7}' }],
  ])('%s: nobody is logged in', async (_name, answer) => {
    expect((await open(base, answer)).logins).toEqual([]);
  });

  test('is in the page, and then login() is never called', async () => {
    const page = await open({ ...base, firstToken: { by: 'accessToken', token: 'a.b.c' } }, token('t-2'));
    expect(page.created[0]).toHaveProperty('accessToken', 'a.b.c');
    expect(page.logins).toEqual([]);
    expect(page.calls).toEqual([]);
  });

  test('a guest’s page holds none', async () => {
    const page = await open({ ...base, firstToken: { by: 'accessToken', token: null } });
    expect(page.created[0]).not.toHaveProperty('accessToken');
    expect(page.logins).toEqual([]);
  });
});

describe('the next tokens', () => {
  const refresh = async (answer: Answer) => {
    const page = await open({ ...base, firstToken: { by: 'accessToken', token: 'a.b.c' } }, answer);
    const got: string[] = [];
    page.created[0]?.refreshAccessToken((next) => void got.push(next));
    await settled();
    return { page, got };
  };

  test('are fetched when Coral asks, and told once', async () => {
    const { page, got } = await refresh(token('t-3'));
    expect(got).toEqual(['t-3']);
    page.runOut();
    await settled();
    expect(got).toEqual(['t-3']);
  });

  test.each<[string, Answer]>([
    ['nobody is signed in any more', { status: 401, body: '{}' }],
    ['the site fails', { status: 500, body: 'oops' }],
    ['the network fails', 'fails'],
  ])('when %s, Coral is told so at once, with an empty text', async (_name, answer) => {
    const { page, got } = await refresh(answer);
    page.runOut();
    await settled();
    expect(got).toEqual(['']);
  });

  test('when no answer comes, Coral does not wait for ever', async () => {
    const { page, got } = await refresh('never ends');
    expect(got).toEqual([]);
    page.runOut();
    await settled();
    expect(got).toEqual(['']);
  });
});

describe('signing in and out', () => {
  test('"Sign in" leads to the sign-in page with the way back', async () => {
    const page = await open({ ...base, returnParameter: 'next' });
    page.fire('loginPrompt');
    const url = new URL(page.visited[0] ?? '');
    expect(url.origin + url.pathname).toBe(base.signInUrl);
    expect([...url.searchParams]).toEqual([['next', 'https://news.example.com/story-1?a=b&c=d#comments']]);
    const other = await open({ ...base, signInUrl: 'https://example.com/login?lang=en' });
    other.fire('loginPrompt');
    expect(other.visited[0]).toMatch(/^https:\/\/example\.com\/login\?lang=en&returnTo=https%3A/);
  });

  test.each<[string, Answer]>([
    ['done', { status: 204, body: '' }],
    ['not done', 'fails'],
  ])('"Sign out" ends the session by POST and loads the page again, %s', async (_name, answer) => {
    const page = await open({ ...base, firstToken: { by: 'accessToken', token: null } }, answer);
    page.fire('signOut.success');
    await settled();
    expect(page.calls).toMatchObject([
      { url: base.signOutUrl, init: { method: 'POST', credentials: 'include' } },
    ]);
    expect(page.reloads()).toBe(1);
  });
});

describe('the markup', () => {
  test('loads Coral’s script, with the page’s nonce', async () => {
    const page = await open({ ...base, nonce: 'abc123' });
    expect(page.script).toMatchObject({
      src: 'https://comments.example.com/assets/js/embed.js',
      nonce: 'abc123',
    });
    expect(coralStreamEmbed({ ...base, nonce: '"><b>' })).toContain('nonce="&#34;&#62;&#60;b&#62;"');
    expect((await open(base)).script).not.toHaveProperty('nonce');
  });

  test('passes Coral’s own options on', async () => {
    const page = await open({
      ...base,
      storyMode: 'QA',
      commentId: 'c-1',
      containerId: 'talk',
      containerClassName: 'wide',
      customCssUrl: 'https://example.com/a.css',
      customFontsCssUrl: 'https://example.com/f.css',
      disableDefaultFonts: true,
    });
    expect(page.created[0]).toMatchObject({
      id: 'talk',
      storyMode: 'QA',
      commentID: 'c-1',
      containerClassName: 'wide',
      customCSSURL: 'https://example.com/a.css',
      customFontsCSSURL: 'https://example.com/f.css',
      disableDefaultFonts: true,
    });
  });

  test('nothing that is put in gets out of the script', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom(
            '</script>',
            '<!--',
            '<script>',
            ']]>',
            '&quot;',
            '"',
            "'",
            '\\',
            '\u2028',
            '\u2029',
            '\n',
            'é',
            '$\x7bx}',
            '`',
          ),
          { maxLength: 12 },
        ),
        async (parts) => {
          const storyId = `s${parts.join('')}`;
          const html = coralStreamEmbed({ ...base, storyId });
          expect(html.match(/<\/?script|<!--/gi)).toEqual(['<script', '</script']);
          const page = await open({ ...base, storyId });
          expect(page.created[0]).toHaveProperty('storyID', storyId);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each<[string, Partial<CoralStreamEmbedOptions>]>([
    ['a container that is no id', { containerId: 'a"b' }],
    ['an address that is a script', { signInUrl: 'javascript:alert(1)' }],
    ['a token address that is a path', { tokenUrl: '/token' }],
    ['a style that is a script', { customCssUrl: 'javascript:alert(1)' }],
    ['a Coral without https', { coralUrl: 'http://comments.example.com' }],
    ['a story address that is a path', { storyUrl: '/story' }],
  ])('%s is refused', (_name, change) => {
    let code = 'fine';
    try {
      coralStreamEmbed({ ...base, ...change });
    } catch (error) {
      code = isForumSsoError(error) ? error.code : 'other';
    }
    expect(code).toBe('ERR_OPTIONS_INVALID');
  });

  test('a page needs a story', () => {
    const { storyId: _id, storyUrl: _url, ...rest } = base;
    expect(() => coralStreamEmbed(rest)).toThrow('storyId or storyUrl');
  });

  test('a page with a token is kept by no cache', () => {
    expect(coralPageHeaders).toEqual([['Cache-Control', 'private, no-store']]);
  });
});
