import { CookieJar } from 'tough-cookie';

export interface Page {
  readonly status: number;
  readonly location: string;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser without a window: keeps cookies, follows nothing. */
export class Browser {
  readonly jar = new CookieJar();

  async fetch(url: string, init: RequestInit = {}): Promise<Page> {
    const headers = new Headers(init.headers);
    headers.set('cookie', await this.jar.getCookieString(url));
    if (!headers.has('accept')) headers.set('accept', 'text/html,*/*;q=0.8');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url);
    return {
      status: response.status,
      location: response.headers.get('location') ?? '',
      headers: response.headers,
      text: await response.text(),
    };
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.fetch(url, { headers });
  }

  post(url: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Page> {
    return this.fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  }
}
