import { type Connector, type Delivery, refusal } from '@forum-sso/core';
import { describe, expect, test } from '@jest/globals';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';

import { ForumSsoHealthIndicator, ForumSsoModule } from '../src/index.js';
import { engineOptions, startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

let answer: () => Promise<Delivery> = async () => ({ done: true });

const checked = (name: string): Connector => ({
  kind: 'checked',
  name,
  setUp: () => ({ routes: [], ...(name === 'first' ? { check: () => answer() } : {}) }),
});

@Controller('health')
class HealthController {
  readonly health: HealthCheckService;
  readonly forum: ForumSsoHealthIndicator;
  constructor(
    @Inject(HealthCheckService) health: HealthCheckService,
    @Inject(ForumSsoHealthIndicator) forum: ForumSsoHealthIndicator,
  ) {
    this.health = health;
    this.forum = forum;
  }

  @Get()
  check() {
    return this.health.check([() => this.forum.isHealthy('forum', { timeout: 200 })]);
  }
}

@Module({
  imports: [
    TerminusModule.forRoot({ logger: false }),
    ForumSsoModule.forRoot(engineOptions({ connectors: [checked('first'), checked('second')] })),
  ],
  controllers: [HealthController],
})
class Site {}

describe.each(platforms)('the health indicator in Terminus on %s', (platform) => {
  test('is up when the communities answer', async () => {
    answer = async () => ({ done: true });
    const { send } = await startApplication(Site, platform);
    const reply = await send('GET', '/health');
    expect([reply.status, reply.json()]).toEqual([
      200,
      expect.objectContaining({
        status: 'ok',
        info: { forum: { status: 'up', connectors: { first: 'up' } } },
      }),
    ]);
  });

  test('is down, with the code and nothing else, when one does not', async () => {
    answer = async () => ({
      done: false,
      refusal: refusal('ERR_STORE_UNAVAILABLE', 'connect ECONNREFUSED 10.0.0.5 with key abc'),
    });
    const { send } = await startApplication(Site, platform);
    const reply = await send('GET', '/health');
    expect([reply.status, reply.json()]).toEqual([
      503,
      expect.objectContaining({
        status: 'error',
        error: { forum: { status: 'down', connectors: { first: 'ERR_STORE_UNAVAILABLE' } } },
      }),
    ]);
    expect(reply.text).not.toContain('10.0.0.5');
  });

  test('is down when one does not answer in time', async () => {
    answer = () => new Promise(() => {});
    const { send } = await startApplication(Site, platform);
    const reply = await send('GET', '/health');
    expect(reply.json()).toMatchObject({
      error: { forum: { status: 'down', message: 'no answer within 200 ms' } },
    });
  });
});

test('has a name of its own', async () => {
  answer = async () => ({ done: true });
  const { app } = await startApplication(Site, 'express');
  expect(await app.get(ForumSsoHealthIndicator).isHealthy()).toEqual({
    forumSso: { status: 'up', connectors: { first: 'up' } },
  });
});
