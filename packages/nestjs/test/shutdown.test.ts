import { type Connector, jsonReply } from '@forum-sso/core';
import { describe, expect, jest, test } from '@jest/globals';
import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';

import { ForumSsoModule } from '../src/index.js';
import { WorkInHand } from '../src/work-in-hand.js';
import { engineOptions, startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

const order: string[] = [];
let arrived: () => void = () => {};
let release: () => void = () => {};

const slow: Connector = {
  kind: 'slow',
  name: 'slow',
  setUp: () => ({
    routes: [
      {
        method: 'GET',
        path: '',
        caller: 'machine',
        handle: async () => {
          await new Promise<void>((resolve) => {
            release = resolve;
            arrived();
          });
          order.push('answered');
          return jsonReply(200, { whole: true });
        },
      },
    ],
  }),
};

@Injectable()
class Database implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    order.push('database closed');
  }
}

@Module({
  imports: [ForumSsoModule.forRoot(engineOptions({ connectors: [slow] }))],
  providers: [Database],
})
class Site {}

describe.each(platforms)('shutdown on %s', (platform) => {
  test('a login that is under way is answered whole before anything closes', async () => {
    order.length = 0;
    const { app, send } = await startApplication(Site, platform);
    const begun = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answer = send('GET', '/sso/slow');
    await begun;
    const closed = app.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(order).toEqual([]);
    release();
    const reply = await answer;
    expect([reply.status, reply.json()]).toEqual([200, { whole: true }]);
    await closed;
    expect(order).toEqual(['answered', 'database closed']);
  });
});

test('what never ends does not keep an application alive', async () => {
  jest.useFakeTimers();
  try {
    const work = new WorkInHand();
    work.begin();
    work.begin();
    let done = false;
    const waiting = work.onModuleDestroy().then(() => {
      done = true;
    });
    work.end();
    await jest.advanceTimersByTimeAsync(9_999);
    expect(done).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await waiting;
    expect(done).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});
