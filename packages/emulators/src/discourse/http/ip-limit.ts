import type { RequestHandler } from 'express';

import { SlidingWindow } from '../forum/sliding-window.js';
import { remoteIp } from './context.js';

export interface IpLimits {
  /** A real forum's default is 200. */
  readonly perMinute: number;
  /** A real forum's default is 50. */
  readonly perTenSeconds: number;
}

/**
 * The limit for each address, which stands in front of the whole forum: its answer is plain text. Refused requests
 * count as well.
 */
export function ipLimit({ perMinute, perTenSeconds }: IpLimits, now: () => Date): RequestHandler {
  const limits = [
    {
      code: 'ip_10_secs_limit',
      window: new SlidingWindow({ max: perTenSeconds, seconds: 10, now, countsRefused: true }),
    },
    {
      code: 'ip_60_secs_limit',
      window: new SlidingWindow({ max: perMinute, seconds: 60, now, countsRefused: true }),
    },
  ];
  return (request, response, next) => {
    for (const { code, window } of limits) {
      const wait = window.take(remoteIp(request));
      if (wait === null) continue;
      response
        .status(429)
        .set({ 'Retry-After': String(wait), 'Discourse-Rate-Limit-Error-Code': code })
        .type('text/plain')
        .send(
          `Too many requests come from you.\nPlease try again in ${wait} seconds.\nError code: ${code}.\n`,
        );
      return;
    }
    next();
  };
}
