import { createContext, runInContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isForumSsoError } from '../../src/errors.js';
import {
  type FruumPageOptions,
  fruumPageHeaders,
  fruumPageHtml,
  fruumSignOutStatement,
  inlineJson,
} from '../../src/fruum/index.js';

const page = (more: Partial<FruumPageOptions> = {}): string =>
  fruumPageHtml({
    fruumUrl: 'https://fruum.example.com',
    forumId: 'myforum',
    user: { id: '12034', hash: '1.1750000000.abc' },
    ...more,
  });

/** What stands in the page's inline script, run as a browser would. */
function run(html: string, globals: Record<string, unknown> = {}): Record<string, unknown> {
  const [, script = ''] = /^<script[^>]*>([\s\S]*?)<\/script>/.exec(html) ?? [];
  const window: Record<string, unknown> = { ...globals };
  runInContext(script, createContext({ window, ...globals }));
  return window;
}

describe('inlineJson', () => {
  test('any value: it reads back as it was, and nothing in it can end the script', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = inlineJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
      }),
    );
    expect(inlineJson('</script><!--&\u2028\u2029')).toBe(
      '"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029"',
    );
  });
});

describe('fruumPageHtml', () => {
  test('sets the user, then loads Fruum', () => {
    const html = page();
    expect(run(html)).toEqual({ fruumSettings: { user: { id: '12034', hash: '1.1750000000.abc' } } });
    expect(html.endsWith('<script src="https://fruum.example.com/go/myforum"></script>')).toBe(true);
    expect(html.match(/<script/g)).toHaveLength(2);
  });

  test('a guest: there is no user at all, so Fruum asks nobody', () => {
    const { fruumSettings } = run(page({ user: null, settings: { container: '#forum' } }));
    expect(fruumSettings).toEqual({ container: '#forum' });
    expect(page({ user: null })).not.toContain('"user"');
  });

  test('adds to what the page has set itself', () => {
    const ready = (): void => {};
    const { fruumSettings } = run(page({ settings: { fullpage: true } }), {
      fruumSettings: { ready, user: 'old' },
    });
    expect(fruumSettings).toEqual({ ready, fullpage: true, user: { id: '12034', hash: '1.1750000000.abc' } });
  });

  test('only id and hash of the user are handed over', () => {
    const user = { id: '7', hash: 'h', email: 'secret@site.example.com' };
    expect(page({ user })).not.toContain('secret@');
  });

  test('any id, forum and setting: the page has its two elements and no more', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }).filter((value) => !/\p{Surrogate}/u.test(value)),
      fc.constantFrom('</script><script>alert(1)</script>', '"><img src=x>', "'", '\u2028', '<!--', ']]>'),
    );
    fc.assert(
      fc.property(text, text, text, text, (id, forumId, container, nonce) => {
        const html = page({ user: { id, hash: id }, forumId, settings: { container }, nonce });
        expect(html.match(/<\/?[a-z!]/gi)).toEqual(['<s', '</s', '<s', '</s']);
        expect(run(html)).toEqual({ fruumSettings: { container, user: { id, hash: id } } });
      }),
    );
  });

  test('the nonce stands on both elements', () => {
    expect(page({ nonce: 'abc+/=' }).match(/<script nonce="abc\+\/="/g)).toHaveLength(2);
  });

  test('Fruum below a path, with or without a slash at the end', () => {
    expect(page({ fruumUrl: 'https://example.com/fruum/' })).toContain(
      'src="https://example.com/fruum/go/myforum"',
    );
    expect(page({ forumId: 'a/../b' })).toContain('/go/a%2F..%2Fb"');
  });

  test.each(['javascript:alert(1)', 'fruum.example.com', '', 'https://', 'https://a.example/"><script>'])(
    'refuses %p for the address of Fruum',
    (fruumUrl) => {
      let code = '';
      try {
        page({ fruumUrl });
      } catch (error) {
        code = isForumSsoError(error) ? error.code : String(error);
      }
      expect(code).toBe('ERR_FRUUM_VALUE_UNUSABLE');
    },
  );

  test('the page is kept by no cache', () => {
    expect(fruumPageHeaders).toEqual([['Cache-Control', 'private, no-store']]);
  });

  test('the sign-out statement pushes an empty user, whether or not Fruum has begun', () => {
    expect(run(`<script>${fruumSignOutStatement}</script>`)).toEqual({ FruumData: [{ user: {} }] });
    const FruumData = [{ user: { id: '1' } }];
    run(`<script>${fruumSignOutStatement}</script>`, { FruumData });
    expect(FruumData).toEqual([{ user: { id: '1' } }, { user: {} }]);
  });
});
