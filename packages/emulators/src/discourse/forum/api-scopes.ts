/** The scopes of API keys that the emulator's routes know, with the actions of Discourse that each one allows. */
const actions = {
  'users:sync_sso': ['admin/users#sync_sso'],
  'users:show': ['users#show'],
  'users:check_emails': ['users#check_emails'],
  'users:update': ['users#update'],
  'users:log_out': ['admin/users#log_out'],
  'users:anonymize': ['admin/users#anonymize'],
  'users:suspend': ['admin/users#suspend'],
  'users:delete': ['admin/users#destroy'],
  'wordpress:discourse_connect': ['admin/users#sync_sso', 'admin/users#log_out', 'users#show'],
  'wordpress:utilities': ['groups#index'],
  /** A read-only key: everything that is asked for with GET. */
  'global:read': [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** `resource:action`, as on the page on which a real forum's key is made. */
export type ApiScope = keyof typeof actions;

const byName = new Map<string, readonly string[]>(Object.entries(actions));

/** All of them. */
export const apiScopes: readonly string[] = [...byName.keys()];

export function isApiScope(name: string): name is ApiScope {
  return byName.has(name);
}

/** Does the scope allow this action (`controller#action`, as Discourse names it)? */
export function scopeAllows(
  scope: ApiScope,
  { action, method }: { readonly action: string; readonly method: string },
): boolean {
  if (scope === 'global:read') return method === 'GET';
  return byName.get(scope)?.includes(action) ?? false;
}
