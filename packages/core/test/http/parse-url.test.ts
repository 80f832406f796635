import { describe, expect, test } from '@jest/globals';
import { parseUrl } from '../../src/http/parse-url.js';
import { isHttpUrl } from '../../src/http/plain-url.js';

describe('parseUrl', () => {
  test('says the same however often it was asked, of addresses in Latin-1 letters as well', () => {
    let wrong = 0;
    for (let times = 0; times < 20_000; times++) {
      if (parseUrl('https://zoë.example/é')?.hostname !== 'xn--zo-ija.example') wrong++;
      if (!isHttpUrl('https://zoë.example/é')) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test.each(['', '/path', 'zoë.example', 'https://', 'https://a b'])('%j is none', (text) => {
    expect(parseUrl(text)).toBeNull();
  });
});
