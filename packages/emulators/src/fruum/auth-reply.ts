/**
 * A user as Fruum has it: the reply's object laid over the defaults. Any field may hold any JSON, and there may be
 * others; the whole object goes to the browser.
 */
export type FruumUser = Readonly<Record<string, unknown>> & {
  readonly id: unknown;
  readonly anonymous: unknown;
  readonly admin: unknown;
  readonly blocked: unknown;
  readonly username: string;
  readonly displayname: unknown;
  readonly email: unknown;
  readonly avatar: unknown;
};

/** A visitor whom nobody vouched for. */
export function anonymousUser(): FruumUser {
  return {
    id: '',
    anonymous: true,
    admin: false,
    blocked: false,
    username: '',
    displayname: '',
    email: '',
    avatar: '',
    onboard: 0,
    karma: 0,
    logout_karma: 0,
    watch: [],
    tags: [],
    notifications: [],
    meta: {},
    created: 0,
    last_login: 0,
    last_logout: 0,
  };
}

/** True when the user counts as logged in: `anonymous` is falsy, whatever it is. */
export function isLoggedIn({ anonymous }: FruumUser): boolean {
  return !anonymous;
}

/** 2 for an administrator (any truthy `admin`), 1 for a member, 0 for an anonymous visitor. */
export function permissionOf(user: FruumUser): 0 | 1 | 2 {
  if (!isLoggedIn(user)) return 0;
  return user.admin ? 2 : 1;
}

/**
 * Reads the body of an auth endpoint's reply. Only a JSON object counts; status and content type play no part. A user
 * name that is neither text nor falsy spoils the whole login.
 *
 * @param body null when there was no reply
 */
export function readAuthReply(body: string | null): FruumUser {
  const reply = body === null ? undefined : parseObject(body);
  if (reply === undefined) return anonymousUser();
  const user = { ...anonymousUser(), ...reply };
  const { username }: { readonly username: unknown } = user;
  if (!username) return { ...user, username: '' };
  if (typeof username !== 'string') return anonymousUser();
  return { ...user, username: username.replace(/\s+/g, '_') };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

/** True for JSON objects, not for arrays and null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
