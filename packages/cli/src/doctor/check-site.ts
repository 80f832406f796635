import { error, type Finding, ok, warning } from './finding.js';
import { networkFault } from './network-fault.js';

const about = 'site';

/**
 * Looks whether Forum SSO answers where it is said to be.
 * @param connector any connector with an address of its own
 */
export async function checkSite(
  baseUrl: string,
  connector: string,
  send: typeof fetch,
): Promise<readonly Finding[]> {
  const { protocol } = new URL(baseUrl);
  const address: Finding =
    protocol === 'https:'
      ? ok(about, `${baseUrl} is on https.`)
      : warning(
          about,
          `${baseUrl} is on http: good for this machine only.`,
          'Use https where others can reach it.',
        );
  return [address, await reach(`${baseUrl}/${connector}`, send)];
}

async function reach(url: string, send: typeof fetch): Promise<Finding> {
  try {
    const response = await send(url, {
      headers: { 'User-Agent': 'forum-sso' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    if (response.status === 404) {
      return error(
        about,
        `Nothing answers at ${url}.`,
        'Mount Forum SSO in the application, and compare FORUM_SSO_BASE_URL with the public address; proxies must not cut the path.',
      );
    }
    return ok(about, `Something answers at ${url}.`);
  } catch (cause) {
    const { text } = networkFault(cause);
    return warning(
      about,
      `${url} cannot be reached from here: ${text}.`,
      'Start the site, or run this where its public address can be reached.',
    );
  }
}
