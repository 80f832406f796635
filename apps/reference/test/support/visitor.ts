import { type IncomingHttpHeaders, request } from 'node:http';

import { CookieJar } from 'tough-cookie';

/** A person's browser without the browser: keeps cookies, says what browsers say, follows nothing by itself. */
export interface Visitor {
  readonly jar: CookieJar;
  /** Opens a page. */
  get(url: string, headers?: RequestHeaders): Promise<Answer>;
  /** Sends a form, as a program does: its fields, or the body as it is. */
  post(
    url: string,
    form: Readonly<Record<string, string>> | string,
    headers?: RequestHeaders,
  ): Promise<Answer>;
  /** Opens a page and follows redirects; every address on the way is in `trail`. */
  open(url: string): Promise<Answer & { readonly trail: readonly string[] }>;
}

type RequestHeaders = Readonly<Record<string, string>>;

export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly cookies: readonly string[];
  readonly text: string;
  /** Absolute, when there is one. */
  readonly location: string | undefined;
}

/** What every browser says when a person opens a page. */
const opensPage = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' };

/** A new visitor without cookies. */
export function newVisitor(): Visitor {
  const jar = new CookieJar(undefined, { allowSpecialUseDomain: true, rejectPublicSuffixes: false });

  async function exchange(method: string, url: string, headers: RequestHeaders, body = ''): Promise<Answer> {
    const cookie = await jar.getCookieString(url);
    const answer = await send(method, url, { ...(cookie === '' ? {} : { cookie }), ...headers }, body);
    for (const line of answer.cookies) await jar.setCookie(line, url);
    return answer;
  }

  return {
    jar,
    get: (url, headers = {}) => exchange('GET', url, { ...opensPage, ...headers }),
    post: (url, form, headers = {}) =>
      exchange(
        'POST',
        url,
        { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        typeof form === 'string' ? form : new URLSearchParams(form).toString(),
      ),
    async open(url) {
      const trail = [url];
      let answer = await exchange('GET', url, opensPage);
      while (answer.location !== undefined && trail.length < 15) {
        trail.push(answer.location);
        answer = await exchange('GET', answer.location, opensPage);
      }
      return { ...answer, trail };
    },
  };
}

/** `fetch` would set headers of its own, and lets nobody choose `Host`. */
function send(method: string, url: string, headers: RequestHeaders, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { location } = response.headers;
        resolve({
          url,
          status: response.statusCode ?? 0,
          headers: response.headers,
          cookies: response.headers['set-cookie'] ?? [],
          text: Buffer.concat(chunks).toString('utf8'),
          location: location === undefined ? undefined : new URL(location, url).href,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
