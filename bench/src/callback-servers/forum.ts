import { createHmac } from 'node:crypto';

/** What both ends of the measurement know: one forum, and the secret shared with it. */
export const secret = 'd836444a9e4084d5b224a60c208dce14';
export const forumUrl = 'https://forum.example.com';
export const callbackUrl = 'http://localhost:3000/sso/discourse-login/callback';
export const startPath = '/sso/discourse-login/start';
export const callbackPath = '/sso/discourse-login/callback';
export const returnPath = '/account?tab=profile';

/** The way back from the forum, for the address that a login left to. */
export function wayBack(location: string, number: number): string {
  const request = new URL(location).searchParams.get('sso') ?? '';
  const answer = new URLSearchParams(Buffer.from(request, 'base64').toString());
  const person = {
    external_id: String(number + 1),
    username: `person${number}`,
    name: `Person Number ${number}`,
    email: `person${number}@example.com`,
    admin: 'false',
    moderator: 'false',
    groups: 'trust_level_0,trust_level_1,eurorack',
    avatar_url: `https://forum.example.com/avatars/${number}.png`,
  };
  for (const [name, value] of Object.entries(person)) answer.set(name, value);
  const sso = Buffer.from(answer.toString()).toString('base64');
  const sig = createHmac('sha256', secret).update(sso).digest('hex');
  return `${callbackPath}?sso=${encodeURIComponent(sso)}&sig=${sig}`;
}
