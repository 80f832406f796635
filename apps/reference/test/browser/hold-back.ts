import type { Page } from 'playwright-core';

/** A request that was kept from being sent. */
export interface HeldBack {
  /** The address of the first one. */
  readonly url: Promise<string>;
  /** Lets all further requests through. */
  release(): Promise<void>;
}

/**
 * Keeps a page's next request to an address from being sent, redirects included: so a test gets hold of a message
 * between two systems while it is still unused.
 *
 * @param pattern as in the DevTools protocol: `*` stands for any characters
 */
export async function holdBack(page: Page, pattern: string): Promise<HeldBack> {
  const session = await page.context().newCDPSession(page);
  const url = new Promise<string>((resolve) => {
    session.on('Fetch.requestPaused', ({ requestId, request }) => {
      resolve(request.url);
      void session.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
    });
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: pattern, requestStage: 'Request' }] });
  return {
    url,
    async release() {
      await session.send('Fetch.disable');
      await session.detach();
    },
  };
}
