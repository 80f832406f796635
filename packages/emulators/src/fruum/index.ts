export type { FruumUser } from './auth-reply.js';
export type { AuthRequestRecord } from './auth-request.js';
export type { FruumConnection, FruumForumSettings, Visitor } from './forum.js';
export { type FruumEmulator, type FruumEmulatorOptions, startFruumEmulator } from './start-fruum-emulator.js';
