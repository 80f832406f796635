import { createHmac, timingSafeEqual } from 'node:crypto';

/** What both ends of the measurement know: one forum, one person, one login request of that forum. */
export const secret = 'd836444a9e4084d5b224a60c208dce14';
export const forumUrl = 'https://forum.example.com';
const returnUrl = `${forumUrl}/session/sso_login`;
export const path = '/sso/discourse';

export const person = {
  id: '42',
  email: 'sam@example.com',
  emailVerified: true,
  username: 'sam',
  name: 'Sam Saffron',
  avatarUrl: 'https://site.example.com/avatars/42.png',
  bio: 'Likes modular synthesizers and long walks.',
  website: 'https://sam.example.com',
  location: 'Sydney',
  title: 'Regular',
  admin: false,
  moderator: true,
};

/** Who is signed in, for both ends: a promise, since a site asks its session store or its database. */
export async function currentUser(): Promise<typeof person | null> {
  return person;
}

/** The login request, as the forum redirects a browser to it. */
export function loginRequest(): string {
  const payload = new URLSearchParams({
    nonce: 'cb68251eefb5211e58c00ff1395f0c0b',
    return_sso_url: returnUrl,
  });
  const sso = Buffer.from(payload.toString()).toString('base64');
  const sig = createHmac('sha256', secret).update(sso).digest('hex');
  return `${path}?sso=${encodeURIComponent(sso)}&sig=${sig}`;
}

/**
 * The floor: a route as one writes it by hand from a tutorial, without its faults: the signature is compared in constant
 * time. Given the parsed query, it returns where to redirect to; what is wrong is an exception.
 */
export async function answerByHand(query: {
  readonly sso?: unknown;
  readonly sig?: unknown;
}): Promise<string> {
  const { sso, sig } = query;
  if (typeof sso !== 'string' || typeof sig !== 'string' || !isSignature(sig, sso)) {
    throw new Error('The signature is wrong.');
  }
  const request = new URLSearchParams(Buffer.from(sso, 'base64').toString());
  const user = await currentUser();
  if (user === null) return '/login';
  const answer = new URLSearchParams({
    nonce: request.get('nonce') ?? '',
    external_id: user.id,
    email: user.email,
    username: user.username,
    name: user.name,
    avatar_url: user.avatarUrl,
    bio: user.bio,
    website: user.website,
    location: user.location,
    title: user.title,
    admin: String(user.admin),
    moderator: String(user.moderator),
  });
  const payload = Buffer.from(answer.toString()).toString('base64');
  const signature = createHmac('sha256', secret).update(payload).digest('hex');
  return `${returnUrl}?${new URLSearchParams({ sso: payload, sig: signature }).toString()}`;
}

function isSignature(sig: string, sso: string): boolean {
  const expected = Buffer.from(createHmac('sha256', secret).update(sso).digest('hex'));
  const given = Buffer.from(sig);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
