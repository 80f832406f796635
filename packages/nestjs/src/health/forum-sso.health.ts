import type { PushReport } from '@forum-sso/core';
import { Inject, Injectable } from '@nestjs/common';

import { ForumSso } from '../forum-sso.js';

/**
 * What Terminus makes of an indicator: one entry, `up` or `down`, with what each connector says.
 *
 * @publicApi
 */
export type ForumSsoHealth<Key extends string = string> = Record<
  Key,
  {
    readonly status: 'up' | 'down';
    /** By connector: `up`, or the error code of what is wrong. */
    readonly connectors?: Readonly<Record<string, string>>;
    readonly message?: string;
  }
>;

/**
 * A health indicator in the shape of `@nestjs/terminus`, which it does not need: asks every community whether it
 * answers and accepts our keys. `health.check([() => forum.isHealthy('forum')])`.
 *
 * @publicApi
 */
@Injectable()
export class ForumSsoHealthIndicator {
  readonly #sso: ForumSso;

  constructor(@Inject(ForumSso) sso: ForumSso) {
    this.#sso = sso;
  }

  /**
   * @param key the entry's name. Default `forumSso`
   * @param timeout milliseconds within which all must have answered. Default 5,000
   */
  async isHealthy<Key extends string = 'forumSso'>(
    key?: Key,
    options?: { readonly timeout?: number },
  ): Promise<ForumSsoHealth<Key>>;
  async isHealthy(
    key = 'forumSso',
    { timeout = 5_000 }: { readonly timeout?: number } = {},
  ): Promise<ForumSsoHealth> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, timeout, null);
    });
    try {
      const report = await Promise.race([this.#sso.check(), late]);
      return {
        [key]: report === null ? { status: 'down', message: `no answer within ${timeout} ms` } : told(report),
      };
    } finally {
      clearTimeout(timer);
    }
  }
}

function told({ ok, results }: PushReport): ForumSsoHealth[string] {
  const connectors = Object.fromEntries(
    results.map((result) => [result.connector, result.outcome === 'failed' ? result.code : 'up']),
  );
  return { status: ok ? 'up' : 'down', connectors };
}
