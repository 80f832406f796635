import type { Express, Request, RequestHandler, Response } from 'express';

import { type Requester, readRequester } from './api-requester.js';
import { describeMember, type Member } from './community.js';
import { readJsonBody } from './json-body.js';
import type { Site } from './site.js';
import { badJson, TalkyardError } from './talkyard-error.js';
import { asObject, readLoginSecretBody, readUpsertBody } from './user-input.js';

const userBodyLimit = 5_000;
const lookupBodyLimit = 2_000;
const actionsBodyLimit = 100_000;

/** The API that other servers call, below `/-/v0/`. */
export function mountApi(app: Express, site: Site): void {
  const requireRequester = (request: Request, code: string, status = 403): Requester => {
    const requester = readRequester(request, site);
    if (requester !== undefined) return requester;
    if (site.settings().userMustBeAuthenticated && status === 403) {
      throw new TalkyardError(403, 'TyE0AUTHN_', 'You need to be logged in');
    }
    throw new TalkyardError(status, code, 'An API secret is needed');
  };

  const upsertForLogin: RequestHandler = async (request, response) => {
    const body = await readJsonBody(request, userBodyLimit);
    requireRequester(request, 'TyEAPI0SECRET03');
    const secret = site.loginSecrets.issue(site.community.logIn(readLoginSecretBody(body)).id);
    response.json({ loginSecret: secret, ssoLoginSecret: secret });
  };
  app.post('/-/v0/sso-upsert-user-generate-login-secret', upsertForLogin);
  app.post('/-/v0/upsert-user-get-login-secret', upsertForLogin);
  app.post('/-/v0/upsert-external-user-generate-login-secret', upsertForLogin);

  app.post('/-/v0/upsert-user', async (request, response) => {
    const body = await readJsonBody(request, userBodyLimit);
    requireRequester(request, 'TyEAPI0SECR04');
    response.json({ user: describeMember(site.community.upsert(readUpsertBody(body))) });
  });

  app.post('/-/v0/get', async (request, response) => {
    const body = await readJsonBody(request, lookupBodyLimit);
    requireRequester(request, 'TyE0APISECR_', 401);
    const refs = readRefs(body);
    response.json({ origin: site.origin, thingsOrErrs: refs.map((ref) => lookUp(ref, site)) });
  });

  app.get('/-/v0/list-users', (request, response) => {
    readRequester(request, site);
    if (!site.settings().enableApi)
      throw new TalkyardError(403, 'TyE4305RKCGL4', 'The API has not been enabled');
    const prefix =
      new URL(request.originalUrl, site.origin).searchParams.get('usernamePrefix')?.toLowerCase() ?? '';
    const users = site.community.members
      .filter(({ username }) => username.toLowerCase().startsWith(prefix))
      .slice(0, 50)
      .map(({ id, username, fullName }) => ({
        id,
        username,
        ...(fullName === undefined ? {} : { fullName }),
      }));
    response.json({ users });
  });

  app.get('/-/v0/api-secret-info', (request, response) => {
    const { id, username } = requireRequester(request, 'TyE0APIRQ');
    response.json({ user: { id, username } });
  });

  const ping = (_request: Request, response: Response): void => {
    response.type('text/plain').send(`pong from: ${site.origin}\n`);
  };
  app.get('/-/v0/ping', ping);
  app.post('/-/v0/ping', ping);

  // These are there and do nothing that a login needs.
  for (const path of ['/-/v0/do', '/-/v0/query', '/-/v0/query-do', '/-/v0/upsert-simple']) {
    app.post(path, async (request) => {
      await readJsonBody(request, actionsBodyLimit);
      requireRequester(request, 'TyE0APIRQ');
      throw new TalkyardError(501, 'TyE501NOTIMPL', 'Not implemented');
    });
  }
}

/** What Talkyard answers to API addresses that it does not know; never a 404. Mounted after everything else. */
export function mountUnknownApi(app: Express): void {
  app.use('/-/v0/', (request) => {
    const code = request.method === 'GET' ? 'TyEAPIGET404' : 'TyEAPIPST404';
    throw new TalkyardError(403, code, `No such API endpoint or version: ${request.path.slice(0, 80)}`);
  });
}

function readRefs(body: unknown): readonly string[] {
  const query = asObject(asObject(body)?.getQuery);
  const refs: unknown = query?.getRefs;
  if (query?.getWhat !== 'Pats' || !Array.isArray(refs)) throw badJson('"getQuery" is not a query for Pats');
  if (refs.length > 50) throw new TalkyardError(400, 'TyE603MRT4', 'Too many refs, max 50');
  return refs.map((ref: unknown) => {
    if (typeof ref !== 'string' || !/^(?:ssoid|extid|rid|username|userid):/.test(ref))
      throw badJson('A bad ref');
    return ref;
  });
}

function lookUp(ref: string, { community }: Site): Record<string, unknown> {
  const colon = ref.indexOf(':');
  const [kind, value] = [ref.slice(0, colon), ref.slice(colon + 1)];
  const matches: Readonly<Record<string, (member: Member) => boolean>> = {
    ssoid: ({ ssoId }) => ssoId === value,
    extid: ({ extId }) => extId === value,
    rid: ({ extId }) => extId === value,
    username: ({ username }) => username.toLowerCase() === value.toLowerCase(),
    userid: ({ id }) => String(id) === value,
  };
  const member = community.find(matches[kind] ?? (() => false));
  if (member === undefined) return { errCode: 'TyEPATNF_', errMsg: `No such user: ${ref}` };
  return describeMember(member);
}
