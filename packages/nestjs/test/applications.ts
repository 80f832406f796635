import 'reflect-metadata';

import type { ForumSsoEvent, ForumSsoOptions } from '@forum-sso/core';
import { type HeaderLine, probe, sendRequest, testKeys, type WireReply } from '@forum-sso/testkit';
import { afterEach } from '@jest/globals';
import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';

import { adapterOf, type Platform } from './nest-harness.js';

/** Options of an engine that listens to nobody but the tests. */
export function engineOptions(more: Partial<ForumSsoOptions> = {}): ForumSsoOptions {
  return {
    baseUrl: 'https://site.example.com/sso',
    keys: testKeys,
    connectors: [probe()],
    ...more,
  };
}

const running: INestApplication[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

/** An application that listens on a port, and is closed after the test. */
export interface RunningApplication {
  readonly app: INestApplication;
  readonly origin: string;
  send(method: string, target: string, asked?: Asked): Promise<WireReply>;
}

interface Asked {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string | Uint8Array;
}

interface StartOptions extends NestApplicationOptions {
  /** What stands in `main.ts` between `create` and `listen`. */
  readonly main?: (app: INestApplication) => void | Promise<void>;
  /** True: by Nest's testing module instead of its factory. */
  readonly inTest?: boolean;
}

/** Starts an application as its `main.ts` would. */
export async function startApplication(
  module: Type | DynamicModule,
  platform: Platform,
  { main = () => {}, inTest = false, ...options }: StartOptions = {},
): Promise<RunningApplication> {
  const quiet: NestApplicationOptions = { logger: false, abortOnError: false, ...options };
  let app: INestApplication;
  if (inTest) {
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    app = testing.createNestApplication(adapterOf(platform), quiet);
  } else {
    app = await NestFactory.create(module, adapterOf(platform), quiet);
  }
  running.push(app);
  await main(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const origin = `http://127.0.0.1:${port}`;
  return {
    app,
    origin,
    send: (method, target, asked = {}) => sendRequest({ method, origin, target, ...asked }),
  };
}

/** Collects the events of an engine. */
export function eventLog(): {
  readonly events: readonly ForumSsoEvent[];
  readonly listener: (event: ForumSsoEvent) => void;
} {
  const events: ForumSsoEvent[] = [];
  return { events, listener: (event) => events.push(event) };
}
