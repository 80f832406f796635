import type { IncomingMessage } from 'node:http';

import type { Member } from './community.js';
import type { Site } from './site.js';
import { TalkyardError } from './talkyard-error.js';

/** The user for whom a server calls the API. */
export interface Requester {
  readonly id: number;
  readonly username: string;
}

const system = 1;
const sysbot = 2;

/**
 * Finds out who calls, from the header `Authorization: Basic`, in Talkyard's order of checks.
 * @returns undefined when there is no such header
 */
export function readRequester(request: IncomingMessage, site: Site): Requester | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  if (!site.settings().enableApi) throw new TalkyardError(403, 'TyEAPI0ENB_', 'The API has not been enabled');
  const text = header.startsWith('Basic ') ? Buffer.from(header.slice(6), 'base64').toString('utf8') : '';
  const colon = text.indexOf(':');
  const known = site.apiSecrets.find(({ secret }) => colon > 0 && secret === text.slice(colon + 1));
  if (known === undefined)
    throw new TalkyardError(403, 'TyEAPI0SECRET01_', 'No such API secret, or it was deleted');
  const { id, username, member } = findUser(text.slice(0, colon), site);
  if (known.userId !== undefined && known.userId !== id) {
    throw new TalkyardError(403, 'TyEAPIWRNGUSR_', 'The API secret belongs to another user');
  }
  if (id === system) throw new TalkyardError(403, 'TyEAPISYSUSR_', 'May not act as the System user');
  if (id < 10 && id !== sysbot) throw new TalkyardError(403, 'TyEAPIBADUSR_', 'May not act as this user');
  if (member?.state === 'suspended' && request.method !== 'GET') {
    throw new TalkyardError(403, 'TyESUSPENDED_', 'This user has been suspended');
  }
  return { id, username };
}

function findUser(name: string, site: Site): Requester & { readonly member?: Member } {
  const [, kind, value] = /^(tyid|talkyardId|ssoid|externalId)=(.*)$/s.exec(name) ?? [];
  if (kind === undefined || value === undefined) {
    throw new TalkyardError(400, 'TyESSOUSERNAME', 'The user name must begin with "tyid=" or "ssoid="');
  }
  if (kind === 'ssoid' || kind === 'externalId') return requester(site.community.bySsoId(value));
  if (!/^-?\d{1,9}$/.test(value)) throw new TalkyardError(400, 'TyEAPIUSERID', 'The user id is not a number');
  const id = Number(value);
  if (id === system) return { id, username: 'system' };
  if (id === sysbot) return { id, username: 'sysbot' };
  if (id < 10) return { id, username: 'guest' };
  return requester(site.community.byId(id));
}

function requester(member: Member | undefined): Requester & { readonly member: Member } {
  if (member === undefined) throw new TalkyardError(404, 'TyAPI0USR_', 'There is no such user');
  return { id: member.id, username: member.username, member };
}
