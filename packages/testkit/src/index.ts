export {
  CaseContext,
  type CaseOptions,
  CaseSite,
  type ConformanceCase,
  runCase,
  testKeys,
  transcribe,
} from './case.js';
export { assertOneWinnerEach, claimAll, raceProcesses } from './claim-race.js';
export {
  adapterCases,
  describeAdapter,
  describeAlike,
  describeErrors,
  describeLogin,
  describeLogout,
  describeProvider,
  describeVisits,
  describeWebhook,
} from './describe.js';
export { describeStore, type OptionalPart, storeCases } from './describe-store.js';
export type { AdapterHarness, SiteSetUp } from './harness.js';
export { BrowserClient } from './http/browser-client.js';
export { listenOnFreePort, type RunningSite } from './http/listen.js';
export { type HeaderLine, WireReply } from './http/reply.js';
export { sendRequest, type WireRequest, WireSocket } from './http/send.js';
export { type NormalReply, normalise } from './normalise.js';
export { forumConnector, LimitedForum } from './processes/limited-forum.js';
export { serverStartedBy } from './processes/servers-started-by.js';
export { startTypeScript, type TypeScriptProcess } from './processes/typescript-process.js';
export {
  failure,
  type OpenQueue,
  QueueBench,
  type QueueCase,
  type QueueWish,
  type Sent,
  TestCommunity,
  TestPeople,
  waitingIn,
} from './queue-case.js';
export { queueCases } from './queue-cases.js';
export { describeQueue } from './queue-describe.js';
export { ReadmeExamples, readExamples } from './readme-examples.js';
export { findProgram, freePort } from './services/child-server.js';
export { findPostgres, startPostgres } from './services/postgres.js';
export { findRedis, startRedis } from './services/redis.js';
export { reportMissing, type Service } from './services/service.js';
export { forumQuestion, readAnswer, signedQuery } from './site/forum-side.js';
export {
  type Delivery,
  type Fields,
  forumAnswer,
  forumPeople,
  loginForum,
  questionIn,
  webhookDelivery,
  webhookUser,
} from './site/login-forum.js';
export {
  callbacksOf,
  nodeContact,
  type OwnSession,
  plainSession,
  type SiteContact,
} from './site/own-session.js';
export {
  faultPage,
  missingPage,
  type PageAnswer,
  pagesPath,
  siteMark,
  type TestPage,
  testPages,
} from './site/pages.js';
export { findPerson, type PersonName, people, personNamed } from './site/people.js';
export { allBytes, digest, probe, probeBodyLimit, probeFixedPath } from './site/probe.js';
export { checkTenLines } from './site/ten-lines.js';
export type { OpenStore, StoreCase } from './store-case.js';
export { claimCases } from './store-claims.js';
export { jobCases } from './store-jobs.js';
export { linkCases } from './store-links.js';
export { lockCases } from './store-locks.js';
export { numberCases } from './store-numbers.js';
export { peopleCases } from './store-people.js';
export { profileCases } from './store-profiles.js';
export { revocationCases } from './store-revocations.js';
export { errorCases } from './suites/errors.js';
export { loginCases } from './suites/login.js';
export { logoutCases } from './suites/logout.js';
export { providerCases } from './suites/provider.js';
export { visitCases } from './suites/visits.js';
export { webhookCases } from './suites/webhook.js';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
