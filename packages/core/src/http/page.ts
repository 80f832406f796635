import type { NewEvent } from '../events/event.js';
import type { ReplyHeader, SsoReply } from './reply.js';
import { answerHeaders } from './reply.js';

/** What stands on one of our small pages. All text is plain text; it is escaped when the page is made. */
export interface PageContent {
  readonly status: number;
  readonly title: string;
  /** Sentences for the person, one paragraph each. */
  readonly paragraphs: readonly string[];
  /** Where to go from here: paths of this site, or configured addresses of the community. */
  readonly links: readonly { readonly text: string; readonly href: string }[];
  /** A form to confirm something with, sent by POST to this site. */
  readonly form?: PageForm;
  /** The error's code, small at the bottom, so that a person can tell it to the operator. */
  readonly code?: string;
}

/** One question of a page, with one button. */
export interface PageForm {
  /** Path of the site that the form is sent to. */
  readonly action: string;
  /** Hidden fields. */
  readonly fields: Readonly<Record<string, string>>;
  /** A choice that the person may tick. */
  readonly choice?: { readonly name: string; readonly text: string };
  /** Text of the button. */
  readonly button: string;
  /** Origins, besides the site's own, to which the answer to the form may redirect. */
  readonly targets?: readonly string[];
}

/** Makes the HTML of a page. Sites may bring their own; the headers stay ours. */
export type PageRenderer = (content: PageContent) => string;

/** Text made safe for HTML content and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

// Pages hold no script and load nothing; the one style sheet is inline.
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** A page as a reply. */
export function pageReply(
  content: PageContent,
  render: PageRenderer,
  { headers = [] }: { readonly headers?: readonly ReplyHeader[] } = {},
): SsoReply {
  return {
    status: content.status,
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ...answerHeaders,
      // Browsers hold form-action against the redirects that follow a form, too.
      ['Content-Security-Policy', [contentSecurityPolicy, ...(content.form?.targets ?? [])].join(' ')],
      // With "no-referrer" a form's POST would carry "Origin: null".
      ['Referrer-Policy', 'same-origin'],
      ...headers,
    ],
    body: render(content),
  };
}

function renderForm({ action, fields, choice, button }: PageForm): string {
  const hidden = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const box =
    choice === undefined
      ? ''
      : `<label><input type="checkbox" name="${escapeHtml(choice.name)}" value="on"> ${escapeHtml(choice.text)}</label>`;
  return `<form method="post" action="${escapeHtml(action)}">${hidden.join('')}${box}<button>${escapeHtml(button)}</button></form>`;
}

/** The page as we draw it when the site does not. */
export const renderPage: PageRenderer = ({ title, paragraphs, links, form, code }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; font: 100%/1.6 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f5f7, #16181d); color: light-dark(#1c2330, #e6e9ef); }
main { width: min(32rem, calc(100vw - 3rem)); padding: 2rem; border-radius: .75rem; background: light-dark(#fff, #20242c); box-shadow: 0 1px 4px rgb(0 0 0 / .18); }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; }
p { margin: 0 0 1rem; }
nav { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
label { display: block; margin: 0 0 1rem; }
button { font: inherit; border: 0; cursor: pointer; }
a, button { padding: .5rem 1rem; border-radius: .5rem; background: light-dark(#2457c5, #7aa2ff); color: light-dark(#fff, #10131a); text-decoration: none; }
a + a, form + nav a { background: none; color: inherit; box-shadow: inset 0 0 0 1px currentColor; }
small { display: block; margin-top: 1.5rem; opacity: .7; }
</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join('\n')}
${form === undefined ? '' : renderForm(form)}
<nav>${links.map(({ text, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join('')}</nav>
${code === undefined ? '' : `<small>${escapeHtml(code)}</small>`}
</main>
</body>
</html>
`;

/** The site's own renderer; when it throws or gives no text, the page is drawn as ours are, and an event says so. */
export function guardRenderer(render: PageRenderer, emit: (event: NewEvent) => void): PageRenderer {
  return (content) => {
    let page: unknown;
    try {
      page = render(content);
    } catch {
      // Said below.
    }
    if (typeof page === 'string') return page;
    const detail = "The site's renderPage failed or returned no text; the built-in page was sent instead.";
    emit({ type: 'setup.warning', detail });
    return renderPage(content);
  };
}
