import { createHash } from 'node:crypto';

import type { Response } from 'express';

import { Html, html } from './html.js';

/** The look of one emulator. */
export interface PageShell {
  /** The product that is emulated, for the bar: `Discourse`. */
  readonly product: string;
  readonly css: string;
  /** Value of a `style-src` directive that allows exactly `css`. */
  readonly styleSource: string;
}

export interface PageNavigation {
  readonly href: string;
  readonly label: string;
}

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly body: Html;
  /** Links in the bar. */
  readonly navigation?: readonly PageNavigation[];
  /** The right end of the bar: who is signed in, log-out button. */
  readonly account?: Html;
  /** A script for this page; allowed by its hash. */
  readonly script?: string;
  /** Origins of scripts and frames that the page needs (embedded comments). */
  readonly scriptOrigins?: readonly string[];
  /** Origins that the page's scripts call besides this server. */
  readonly connectOrigins?: readonly string[];
  /** Sources that may frame this page. Default none. */
  readonly frameAncestors?: string;
  /** Where forms may lead besides this server, redirects after a POST included. */
  readonly formTargets?: readonly string[];
}

/**
 * @param product the product's name for the bar
 * @param accent colour of the bar, `#rrggbb`; white text must be readable on it
 */
export function createPageShell({ product, accent }: { product: string; accent: string }): PageShell {
  const css = `:root{--accent:${accent}}${sheet}`;
  return { product, css, styleSource: `'${hashSource(css)}'` };
}

/** Answers with a whole page and the headers that belong to it. */
export function sendPage(response: Response, shell: PageShell, page: Page): void {
  const scripts = [
    ...(page.script === undefined ? [] : [`'${hashSource(page.script)}'`]),
    ...(page.scriptOrigins ?? []),
  ];
  const policy = [
    "default-src 'none'",
    `style-src ${shell.styleSource}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    `form-action ${["'self'", ...(page.formTargets ?? [])].join(' ')}`,
    `frame-ancestors ${page.frameAncestors ?? "'none'"}`,
    ...(scripts.length > 0
      ? [
          `script-src ${scripts.join(' ')}`,
          `connect-src ${["'self'", ...(page.connectOrigins ?? [])].join(' ')}`,
        ]
      : []),
    ...(page.scriptOrigins !== undefined ? [`frame-src ${page.scriptOrigins.join(' ')}`] : []),
  ];
  response
    .status(page.status ?? 200)
    .set({ 'Content-Security-Policy': policy.join('; '), 'Referrer-Policy': 'same-origin' })
    .type('html')
    .send(renderPage(shell, page));
}

function renderPage(
  { product, css }: PageShell,
  { title, body, navigation = [], account, script }: Page,
): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${product} emulator</title>
<link rel="icon" href="data:,">
<style>${new Html(css)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><div class="bar-inner">
<a class="brand" href="/">${product}<span class="badge">emulator</span></a>
${navigation.length > 0 && html`<nav aria-label="Main">${navigation.map(({ href, label }) => html`<a href="${href}">${label}</a>`)}</nav>`}
<div class="account">${account}</div>
</div></header>
<main id="main">${body}</main>
<footer>A local stand-in for tests and demonstrations. Not affiliated with ${product}.</footer>
${script !== undefined && html`<script>${new Html(script)}</script>`}
</body>
</html>
`.toString();
}

function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const sheet = `
*{box-sizing:border-box}
:root{color-scheme:light dark;--paper:#fff;--ground:#f4f5f7;--ink:#1d2129;--quiet:#5b6472;--line:#dde1e7;--link:#0b5cad;--good:#14713c;--bad:#b3261e;--warn:#8a5300;--soft:#eef1f5}
@media (prefers-color-scheme:dark){:root{--paper:#1c2027;--ground:#13161b;--ink:#e8ebf0;--quiet:#a2acba;--line:#343b46;--link:#7ab8ff;--good:#6fd398;--bad:#ff9a92;--warn:#f0b860;--soft:#262c35}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--paper);padding:6px 10px;z-index:1}
.bar{background:var(--accent);color:#fff}
.bar-inner{max-width:960px;margin:0 auto;padding:10px 20px;display:flex;flex-wrap:wrap;gap:8px 22px;align-items:center}
.bar a{color:#fff}.bar a.person{text-decoration:none;gap:8px}.bar a.person:hover{text-decoration:underline}.bar :focus-visible{outline-color:#fff}
.brand{font-weight:700;font-size:1.15rem;text-decoration:none;display:flex;align-items:center;gap:10px}
.badge{font-size:.7rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase;background:rgba(0,0,0,.28);padding:2px 8px;border-radius:99px}
nav{display:flex;flex-wrap:wrap;gap:4px 16px}nav a{text-decoration:none;opacity:.95}nav a:hover{text-decoration:underline}
.account{margin-left:auto;display:flex;align-items:center;gap:10px}
.bar .button,.bar button{background:#fff;color:#1d2129;border-color:#fff}
main{max-width:960px;margin:28px auto;padding:0 20px}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 .6em}h2{font-size:1.15rem;margin:1.8em 0 .5em}
p{margin:.5em 0}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:20px 24px;margin:0 0 20px;overflow-wrap:break-word}
.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
.quiet{color:var(--quiet)}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.button,button{display:inline-block;font:inherit;font-weight:600;padding:7px 16px;border-radius:6px;border:1px solid var(--accent);background:var(--accent);color:#fff;text-decoration:none;cursor:pointer}
.button:hover,button:hover{filter:brightness(1.08)}
button.plain{background:transparent;color:var(--ink);border-color:var(--line)}
button.danger{background:transparent;color:var(--bad);border-color:currentColor}
form.inline{display:inline}
label{display:block;font-weight:600;margin:.7em 0 .2em}
input,select,textarea{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--quiet);border-radius:6px;padding:6px 10px;max-width:100%}
.row{display:flex;flex-wrap:wrap;gap:10px;align-items:center}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:middle}
th{font-size:.85rem;color:var(--quiet);font-weight:600}
tbody th{white-space:nowrap;width:1%;padding-right:24px}tbody th+td{overflow-wrap:anywhere}
tr:last-child>th,tr:last-child>td{border-bottom:0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.88em}
pre{background:var(--soft);border-radius:6px;padding:12px;overflow-x:auto}
.tag{display:inline-block;font-size:.82rem;font-weight:600;background:var(--soft);color:var(--ink);border-radius:99px;padding:1px 10px;margin:2px 6px 2px 0;white-space:nowrap}
.tag.strong{background:var(--accent);color:#fff}.tag.bad{color:var(--bad)}.tag.warn{color:var(--warn)}.tag.good{color:var(--good)}
.avatar{display:inline-flex;flex:none;align-items:center;justify-content:center;width:44px;height:44px;border-radius:50%;background:var(--accent);color:#fff;font-weight:700;font-size:1.2rem}
.avatar.small{width:30px;height:30px;font-size:.9rem}
.bar .avatar{background:rgba(0,0,0,.28)}
.flat{margin:0}.pre{white-space:pre-line}.long{overflow-wrap:anywhere}td.long{min-width:16em}.wide{flex:1 1 16em;min-width:0}
.person{display:flex;align-items:center;gap:14px}
footer{max-width:960px;margin:0 auto;padding:10px 20px 40px;color:var(--quiet);font-size:.85rem}
`;
