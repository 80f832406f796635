import { expect } from '@jest/globals';

import type { Answer, Visitor } from './visitor.js';

/** Where a site and its wiki are. */
export interface WikiPlaces {
  readonly site: string;
  readonly wiki: string;
}

/** From "Log in" at the wiki to the site's sign-in page, and on. */
export async function logInAtWiki(
  { site, wiki }: WikiPlaces,
  visitor: Visitor,
  username: string,
): Promise<Answer> {
  const loginPage = `${wiki}/index.php?title=Special:UserLogin&returnto=Main_Page`;
  const form = new URL((await visitor.open(loginPage)).url);
  expect(form.origin + form.pathname).toBe(`${site}/login`);
  const returnTo = form.searchParams.get('returnTo') ?? '';
  const { location = '' } = await visitor.post(`${site}/login`, { username, returnTo });
  return visitor.open(location);
}

/** Who reads a page of the wiki; the empty text for nobody. */
export function readerOf({ text }: Answer): string | undefined {
  return /data-user="([^"]*)"/.exec(text)?.[1];
}
