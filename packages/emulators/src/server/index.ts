export { readBody, readForm, readJson } from './body.js';
export { ownPagesOnly } from './gates.js';
export { Html, html } from './html.js';
export { HttpError } from './http-error.js';
export { createPageShell, type Page, type PageShell, sendPage } from './page.js';
export type { ServerAddress } from './server-address.js';
export { createSessions, readCookie, type Sessions } from './sessions.js';
export { type ListenOptions, type RunningServer, startServer } from './start-server.js';
