import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { escapeHtml, type PageContent, pageReply, renderPage } from '../../src/http/page.js';

const content: PageContent = {
  status: 403,
  title: 'This did not work',
  paragraphs: ['Please sign in again.'],
  links: [{ text: 'Back to the site', href: '/' }],
  code: 'ERR_LOGIN_ATTEMPT_EXPIRED',
};

function headersOf(page: PageContent): ReadonlyMap<string, string> {
  return new Map(pageReply(page, renderPage).headers);
}

describe('a page', () => {
  test('cannot be framed, runs and loads nothing, and is not kept', () => {
    const headers = headersOf(content);
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Referrer-Policy')).toBe('same-origin');
    expect(headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  });

  test('names where a form may lead besides the site', () => {
    const form = { action: '/sso/x', fields: {}, button: 'Go', targets: ['https://forum.example.com'] };
    expect(headersOf({ ...content, form }).get('Content-Security-Policy')).toMatch(
      / form-action 'self' https:\/\/forum\.example\.com$/,
    );
  });

  test('text never becomes markup, wherever it stands', () => {
    const odd = `"'><script>alert(1)</script>&amp;`;
    const page = renderPage({
      status: 200,
      title: odd,
      paragraphs: [odd],
      links: [{ text: odd, href: odd }],
      code: odd,
      form: { action: odd, fields: { [odd]: odd }, choice: { name: odd, text: odd }, button: odd },
    });
    expect(page).not.toMatch(/<script|"'>|&amp;/);
    // Twelve places, and what is between them.
    expect(page.split(escapeHtml(odd))).toHaveLength(13);
  });

  test('what is escaped holds nothing that ends a text or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        const read = escaped.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
        expect(read).toBe(text);
      }),
    );
  });
});
