import { internalError, TalkyardError } from './talkyard-error.js';

/**
 * Where Talkyard redirects to after a login, judged by Talkyard's own rule. A text that its Java library takes for no URI
 * is an internal error.
 *
 * @param target the parameter, decoded once
 * @param sources what `allowEmbeddingFrom` stands for
 * @returns the value for the `Location` header
 */
export function judgeThenGoTo(target: string, serverOrigin: string, sources: readonly string[]): string {
  if (target === '') return '/';
  const uri = parseJavaUri(target);
  if (uri === undefined) throw internalError(`java.net.URISyntaxException: ${target}`);
  const local = !uri.scheme && !uri.authority;
  const under = (origin: string) => target === origin || target.startsWith(`${origin}/`);
  if (!local && !under(serverOrigin) && !sources.some(under)) {
    throw new TalkyardError(403, 'TyEEXTREDIR1', `May not redirect to ${target}`);
  }
  return target.replaceAll('__dwHash__', '#');
}

interface JavaUri {
  readonly scheme: boolean;
  readonly authority: boolean;
}

const legal = (extra: string) =>
  new RegExp(`^(?:[A-Za-z0-9_.~!*'();/?:@&=+$,${extra}-]|%[0-9A-Fa-f]{2}|[^\\x00-\\x7f])*$`);
const legalPath = legal('');
const legalRest = legal('\\[\\]');

/** As much of `java.net.URI` as matters: undefined where its constructor throws. */
function parseJavaUri(text: string): JavaUri | undefined {
  if (/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}]/u.test(text)) return undefined;
  const hash = text.indexOf('#');
  const beforeHash = hash === -1 ? text : text.slice(0, hash);
  if (hash !== -1 && !legalRest.test(text.slice(hash + 1))) return undefined;
  const [, schemeText] = /^([^/?#]*?):/.exec(beforeHash) ?? [];
  if (schemeText !== undefined && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(schemeText)) return undefined;
  const rest = schemeText === undefined ? beforeHash : beforeHash.slice(schemeText.length + 1);
  const scheme = schemeText !== undefined;
  if (scheme && rest === '') return undefined;
  if (scheme && !rest.startsWith('/')) return legalRest.test(rest) ? { scheme, authority: false } : undefined;
  const question = rest.indexOf('?');
  const hierarchy = question === -1 ? rest : rest.slice(0, question);
  if (question !== -1 && !legalRest.test(rest.slice(question + 1))) return undefined;
  if (!hierarchy.startsWith('//'))
    return legalPath.test(hierarchy) ? { scheme, authority: false } : undefined;
  const end = hierarchy.indexOf('/', 2);
  const authority = hierarchy.slice(2, end === -1 ? undefined : end);
  const path = end === -1 ? '' : hierarchy.slice(end);
  // An empty authority is none, as long as a path follows.
  if (authority === '' && path === '') return undefined;
  return legalRest.test(authority) && legalPath.test(path)
    ? { scheme, authority: authority !== '' }
    : undefined;
}
