import type { Route } from '../connector.js';
import type { SiteAddress } from './site-address.js';

/** A route with the connector that it belongs to. */
export interface MountedRoute<Owner> {
  readonly owner: Owner;
  readonly route: Route;
}

export interface RouteMatch<Owner> {
  /** One for each method of this path; all of one owner. */
  readonly routes: readonly MountedRoute<Owner>[];
  /** What stood for `{id}`, percent-decoded. */
  readonly id: string | undefined;
}

/** Finds the routes of a path; undefined when it is not ours. Path without query, without a slash at the end. */
export type Router<Owner> = (path: string) => RouteMatch<Owner> | undefined;

/** The path of a request's target without its query and without a slash at the end. */
export function pathOf(url: string): string {
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Where a connector's route lives on the site. */
export function routePath(
  address: SiteAddress,
  connectorName: string,
  { path, absolute }: Pick<Route, 'path' | 'absolute'>,
): string {
  return absolute === true ? path : `${address.basePath}/${connectorName}${path}`;
}

/**
 * Puts all routes into one table; a request costs one look-up, whatever their number.
 * @returns the router, and the paths that two connectors both want
 */
export function createRouter<Owner>(mounted: readonly (MountedRoute<Owner> & { readonly path: string })[]): {
  readonly router: Router<Owner>;
  readonly clashes: readonly string[];
} {
  const exact = new Map<string, MountedRoute<Owner>[]>();
  const patterns: {
    readonly before: string;
    readonly after: string;
    readonly routes: MountedRoute<Owner>[];
  }[] = [];
  const clashes = new Set<string>();

  for (const { path, owner, route } of mounted) {
    const hole = path.indexOf('{id}');
    const [before, after] = [path.slice(0, Math.max(hole, 0)), path.slice(hole + 4)];
    let routes =
      hole === -1 ? exact.get(path) : patterns.find((p) => p.before === before && p.after === after)?.routes;
    if (routes === undefined) {
      routes = [];
      if (hole === -1) exact.set(path, routes);
      else patterns.push({ before, after, routes });
    }
    if (routes.some((other) => other.owner !== owner || other.route.method === route.method))
      clashes.add(path);
    routes.push({ owner, route });
  }
  // A longer ending is the more particular one: "/{id}.json" before "/{id}".
  patterns.sort((a, b) => b.after.length - a.after.length);

  return {
    clashes: [...clashes],
    router: (path) => {
      const routes = exact.get(path);
      if (routes !== undefined) return { routes, id: undefined };
      for (const { before, after, routes: candidates } of patterns) {
        if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after))
          continue;
        const id = decodeSegment(path.slice(before.length, path.length - after.length));
        if (id !== undefined) return { routes: candidates, id };
      }
      return undefined;
    },
  };
}

function decodeSegment(segment: string): string | undefined {
  if (segment.includes('/')) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
