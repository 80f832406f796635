import { describe, expect, test } from '@jest/globals';

import { defaultSettings, embeddingSources } from '../../src/talkyard/settings.js';
import { TalkyardError } from '../../src/talkyard/talkyard-error.js';
import { judgeThenGoTo } from '../../src/talkyard/then-go-to.js';

const origin = 'https://forum.example.com';

function judge(
  target: string,
  serverOrigin = origin,
  allowEmbeddingFrom = 'https://blog.example.com',
): string | number {
  try {
    const settings = { ...defaultSettings, allowEmbeddingFrom };
    return judgeThenGoTo(target, serverOrigin, embeddingSources(settings, serverOrigin));
  } catch (error) {
    if (error instanceof TalkyardError) return error.status;
    throw error;
  }
}

describe('judgeThenGoTo', () => {
  test.each<[string, string | number]>([
    ['relative/path', 'relative/path'],
    ['?q', '?q'],
    ['#h', '#h'],
    ['/a__dwHash__b__dwHash__c', '/a#b#c'],
    ['////host/x', '////host/x'],
    ['/p?a[]=1', '/p?a[]=1'],
    ['/über', '/über'],
    ['https://Forum.example.com/', 403],
    ['https://forum.example.comx', 403],
    ['https://blog.example.com.evil.test/', 403],
    ['https://blog.example.com?x', 403],
    ['mailto:a@b.cd', 403],
    ['//', 500],
    ['http:', 500],
    [':x', 500],
    ['1http://x/', 500],
    ['/a#b#c', 500],
    ['/a|b', 500],
    ['/a^b', 500],
    ['/a\\b', 500],
    ['/{a}', 500],
    ['/[a]', 500],
    ['/%zz', 500],
    ['/%', 500],
    ['/a\tb', 500],
    ['/p?a={b}', 500],
    ['/p#`', 500],
    ['/a\u2003b', 500],
  ])('%j: %j', (target, outcome) => expect(judge(target)).toBe(outcome));

  test.each<[string, string, string, string | number]>([
    [
      'an entry without scheme is https',
      'blog.example.com',
      'https://blog.example.com/p',
      'https://blog.example.com/p',
    ],
    ['… and not http', 'blog.example.com', 'http://blog.example.com/p', 403],
    [
      'an http entry means https, too',
      'http://blog.example.com',
      'https://blog.example.com',
      'https://blog.example.com',
    ],
    [
      'a path is dropped',
      'https://blog.example.com/a/b',
      'https://blog.example.com/c',
      'https://blog.example.com/c',
    ],
    ['a wildcard matches nothing', '*.example.com', 'https://blog.example.com/', 403],
    ['a comment is none', '# https://blog.example.com', 'https://blog.example.com/', 403],
    [
      'each line counts',
      'a.example.com\nblog.example.com # mine',
      'https://blog.example.com/',
      'https://blog.example.com/',
    ],
  ])('%s', (_, entries, target, outcome) => expect(judge(target, origin, entries)).toBe(outcome));

  test('a server on http takes entries without scheme for both', () => {
    expect(judge('http://blog.example.com/', 'http://localhost:4002', 'blog.example.com')).toBe(
      'http://blog.example.com/',
    );
  });
});
