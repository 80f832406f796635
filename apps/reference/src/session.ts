import type { ForumSso, ReplyHeader, SiteSession, SsoRequest, Visit } from '@forum-sso/core';

/**
 * The engine with the built-in session, whose sign-out does the same wherever it begins: on a page of this site, in
 * Coral's comments or on the page after Talkyard's log-out. It ends the person's other sessions as well, and what
 * Fruum's pages were given before is worthless from here on.
 *
 * @param log gets a line for each community that could not be told
 */
export function signingOutEverywhere(sso: ForumSso, log: (line: string) => void): ForumSso {
  const visit = async (request: SsoRequest): Promise<Visit> => {
    const found = await sso.visit(request);
    return {
      ...found,
      async signOut() {
        const headers = await found.signOut();
        if (found.user !== null) await tellCommunities(sso, found.user.id, log);
        return headers;
      },
    };
  };
  return {
    ...sso,
    visit,
    async handle(request) {
      const { session, headers } = sessionOf(() => visit(request));
      const reply = await sso.handle(request, session);
      return reply === null ? null : { ...reply, headers: [...reply.headers, ...headers] };
    },
  };
}

async function tellCommunities(sso: ForumSso, id: string, log: (line: string) => void): Promise<void> {
  const { results } = await sso.signOut(id);
  for (const result of results) {
    if (result.outcome === 'failed') log(`sign-out failed  ${result.connector}  code=${result.code}`);
  }
}

/** A visit as the session of one request, with the headers that it wants to have sent. It begins when it is asked for. */
function sessionOf(open: () => Promise<Visit>): {
  readonly session: SiteSession;
  readonly headers: readonly ReplyHeader[];
} {
  const headers: ReplyHeader[] = [];
  let opened: Promise<Visit> | undefined;
  const visit = (): Promise<Visit> => {
    opened ??= open().then((found) => {
      headers.push(...found.headers);
      return found;
    });
    return opened;
  };
  const session: SiteSession = {
    currentUser: async () => (await visit()).user,
    async signIn(user) {
      headers.push(...(await (await visit()).signIn(user)));
    },
    async signOut() {
      headers.push(...(await (await visit()).signOut()));
    },
  };
  return { session, headers };
}
