import { CookieJar } from 'tough-cookie';

/** A browser as far as HTTP goes: keeps cookies, follows no redirect by itself. */
export class TestBrowser {
  readonly #jar = new CookieJar();

  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookie = await this.#jar.getCookieString(url);
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) await this.#jar.setCookie(line, url);
    return response;
  }

  async text(url: string, init?: RequestInit): Promise<string> {
    return (await this.go(url, init)).text();
  }

  async cookieNames(url: string): Promise<readonly string[]> {
    return (await this.#jar.getCookies(url)).map(({ key }) => key);
  }
}
