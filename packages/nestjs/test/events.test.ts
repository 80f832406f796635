import type { Connector, EventListener, ForumSsoEvent, NewEvent } from '@forum-sso/core';
import { jsonReply } from '@forum-sso/core';
import { describe, expect, jest, test } from '@jest/globals';
import { Controller, Get, Injectable, Logger, Module, Scope, type Type } from '@nestjs/common';

import { ForumSsoModule, OnForumEvent } from '../src/index.js';
import { engineOptions, eventLog, startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

/** A connector that tells whatever it is asked to, and warns at start. */
const teller: Connector = {
  kind: 'teller',
  name: 'teller',
  setUp: ({ emit, warning }) => {
    warning('Something at start.');
    const tell: Readonly<Record<string, NewEvent>> = {
      updated: { type: 'webhook.received', event: 'user_updated', outcome: 'handled' },
      destroyed: { type: 'webhook.received', event: 'user_destroyed', outcome: 'handled' },
      login: { type: 'login.completed', user: 'u', silent: false },
    };
    return {
      routes: Object.entries(tell).map(([name, event]) => ({
        method: 'GET',
        path: `/${name}`,
        caller: 'machine',
        handle: async () => {
          emit(event);
          return jsonReply(200, null);
        },
      })),
    };
  },
};

const heard: string[] = [];
let release: () => void = () => {};

@Injectable()
class Listener {
  readonly name = 'listener';

  @OnForumEvent('user_updated')
  updated(event: ForumSsoEvent): void {
    heard.push(`${this.name} updated ${event.type} ${event.connector}`);
  }

  @OnForumEvent('user_updated', 'webhook.received', '*')
  once(event: ForumSsoEvent): void {
    heard.push(`once ${event.type === 'webhook.received' ? event.event : event.type}`);
  }

  @OnForumEvent('login.completed')
  async slow(): Promise<void> {
    heard.push('slow begins');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    heard.push('slow ends');
  }

  @OnForumEvent('user_destroyed')
  async failing(): Promise<void> {
    throw new Error('handler');
  }

  get trap(): never {
    throw new Error('a getter is no method');
  }

  notMarked(): void {
    heard.push('never');
  }
}

@Controller('listening')
class ListeningController {
  @OnForumEvent('setup.warning')
  warned(event: ForumSsoEvent): void {
    heard.push(`warned ${event.type === 'setup.warning' ? event.detail : ''}`);
  }

  @Get()
  page(): string {
    return 'page';
  }
}

@Injectable({ scope: Scope.REQUEST })
class EachRequest {
  @OnForumEvent('user_updated')
  updated(): void {
    heard.push('request-scoped');
  }
}

describe.each(platforms)('@OnForumEvent on %s', (platform) => {
  const { events, listener } = eventLog();

  @Module({
    imports: [ForumSsoModule.forRoot(engineOptions({ connectors: [teller], events: listener }))],
    providers: [Listener, { provide: 'alias', useExisting: Listener }, EachRequest],
    controllers: [ListeningController],
  })
  class Site {}

  test('calls handlers of providers and controllers, also with what happened before they were there', async () => {
    heard.length = 0;
    const warnings = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    const { app, send } = await startApplication(Site, platform);
    expect([...heard].sort()).toEqual(['once setup.warning', 'warned Something at start.']);
    expect(warnings).toHaveBeenCalledWith(expect.stringContaining('EachRequest.updated hears no events'));

    heard.length = 0;
    expect((await send('GET', '/sso/teller/updated')).status).toBe(200);
    // Each method once, however many of its names fit and however many names its provider has.
    expect([...heard].sort()).toEqual(['listener updated webhook.received teller', 'once user_updated']);

    heard.length = 0;
    expect((await send('GET', '/sso/teller/destroyed')).status).toBe(200);
    expect(heard).toEqual(['once user_destroyed']);
    expect(errors).toHaveBeenCalledWith(
      expect.stringContaining('webhook.received'),
      expect.stringContaining('handler'),
    );

    // The option of the engine hears everything, too.
    expect(events.map(({ type }) => type)).toEqual(['setup.warning', 'webhook.received', 'webhook.received']);

    heard.length = 0;
    expect((await send('GET', '/sso/teller/login')).status).toBe(200);
    expect([...heard].sort()).toEqual(['once login.completed', 'slow begins']);
    const closed = app.close().then(() => heard.push('closed'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).not.toContain('closed');
    release();
    await closed;
    expect(heard.slice(-2)).toEqual(['slow ends', 'closed']);
    jest.restoreAllMocks();
  });
});

test.each<[string, readonly Type[], EventListener | undefined, number]>([
  ['nobody listens', [], undefined, 0],
  ['a method listens', [Listener], undefined, 1],
  ['the option listens', [], () => {}, 1],
  ['the option leads on to somebody', [], Object.assign(() => {}, { hears: () => true }), 1],
  ['the option leads on to nobody', [], Object.assign(() => {}, { hears: () => false }), 0],
])('when %s, events are made only if they are heard', async (_, providers, events, made) => {
  let read = 0;
  // The time is read for each event, and for nothing else here.
  const now = (): Date => {
    read++;
    return new Date();
  };
  @Module({
    imports: [
      ForumSsoModule.forRoot(
        engineOptions({ connectors: [teller], now, ...(events === undefined ? {} : { events }) }),
      ),
    ],
    providers: [...providers],
  })
  class Site {}
  const { send } = await startApplication(Site, 'express');
  read = 0;
  expect((await send('GET', '/sso/teller/updated')).status).toBe(200);
  expect(read).toBe(made);
});

test('an async listener of the option that fails ends nothing', async () => {
  const unheard: unknown[] = [];
  const note = (reason: unknown): void => {
    unheard.push(reason);
  };
  process.on('unhandledRejection', note);
  try {
    const events = async (): Promise<void> => {
      throw new Error('the log is full');
    };
    @Module({ imports: [ForumSsoModule.forRoot(engineOptions({ connectors: [teller], events }))] })
    class Site {}
    const { send } = await startApplication(Site, 'express');
    expect((await send('GET', '/sso/teller/updated')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});
