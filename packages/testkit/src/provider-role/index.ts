export { BrowserClient } from '../http/browser-client.js';
export { listenOnFreePort, type RunningSite } from '../http/listen.js';
export type { WireReply } from '../http/reply.js';
export { type ProviderRoleCase, providerRoleCases } from './cases.js';
export { answerIn, client, requestQuery } from './client.js';
export { describeProviderRole } from './describe.js';
export type { ProviderPerson, ProviderRoleHarness, ProviderSetUp, RunningProvider } from './harness.js';
