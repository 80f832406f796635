import { createForumSso, isForumSsoError, memoryStore } from '@forum-sso/core';
import { probe } from '@forum-sso/testkit';
import { describe, expect, test } from '@jest/globals';
import { Controller, Get, Inject, Injectable, Module, type Type } from '@nestjs/common';

import {
  ForumSso,
  ForumSsoModule,
  type ForumSsoModuleOptions,
  type ForumSsoOptionsFactory,
  ForumUserGuard,
  InjectForumSso,
} from '../src/index.js';
import { engineOptions, startApplication } from './applications.js';
import { platforms } from './nest-harness.js';

/** Settings of the site, from a module of its own. */
@Injectable()
class Settings {
  readonly name = 'from-settings';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsMaker implements ForumSsoOptionsFactory {
  readonly settings: Settings;
  constructor(@Inject(Settings) settings: Settings) {
    this.settings = settings;
  }

  async createForumSsoOptions(): Promise<ForumSsoModuleOptions> {
    return engineOptions({ connectors: [probe(this.settings.name)] });
  }
}

@Module({ imports: [SettingsModule], providers: [OptionsMaker], exports: [OptionsMaker] })
class MakerModule {}

/** A part of the site that does not import the module itself. */
@Controller('feature')
class FeatureController {
  readonly sso: ForumSso;
  constructor(@Inject(ForumSso) sso: ForumSso) {
    this.sso = sso;
  }

  @Get()
  connectors(): object {
    return this.sso.connectors;
  }
}

@Module({ controllers: [FeatureController] })
class FeatureModule {}

@Controller('own')
class OwnController {
  readonly byDecorator: ForumSso;
  readonly byType: ForumSso;
  constructor(@InjectForumSso() byDecorator: ForumSso, byType: ForumSso) {
    this.byDecorator = byDecorator;
    this.byType = byType;
  }

  @Get()
  same(): object {
    return { same: this.byDecorator === this.byType, connectors: this.byType.connectors };
  }
}

const whoToldIt = async (module: Type, platform: (typeof platforms)[number], path = '/own') => {
  const { send } = await startApplication(module, platform);
  return (await send('GET', path)).json();
};

/** The error with which an application does not start. */
async function codeOfStart(module: Type, platform: (typeof platforms)[number]): Promise<string> {
  try {
    await startApplication(module, platform);
  } catch (error) {
    if (isForumSsoError(error)) return `${error.code} ${error.problems.length}`;
    throw error;
  }
  throw new Error('The application has started.');
}

describe.each(platforms)('the module on %s', (platform) => {
  test('forRoot; the engine is injected by type and by decorator', async () => {
    @Module({ imports: [ForumSsoModule.forRoot(engineOptions())], controllers: [OwnController] })
    class App {}
    expect(await whoToldIt(App, platform)).toEqual({ same: true, connectors: ['probe'] });
  });

  test('forRoot with an engine that the site has made', async () => {
    const sso = createForumSso(engineOptions({ connectors: [probe('made')] }));
    @Module({ imports: [ForumSsoModule.forRoot({ sso })], controllers: [OwnController] })
    class App {}
    expect(await whoToldIt(App, platform)).toEqual({ same: true, connectors: ['made'] });
  });

  test('forRootAsync: useFactory with imports and inject', async () => {
    @Module({
      imports: [
        ForumSsoModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: async ({ name }: Settings) => engineOptions({ connectors: [probe(name)] }),
        }),
      ],
      controllers: [OwnController],
    })
    class App {}
    expect(await whoToldIt(App, platform)).toEqual({ same: true, connectors: ['from-settings'] });
  });

  test('forRootAsync: useClass', async () => {
    @Module({
      imports: [ForumSsoModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsMaker })],
      controllers: [OwnController],
    })
    class App {}
    expect(await whoToldIt(App, platform)).toEqual({ same: true, connectors: ['from-settings'] });
  });

  test('forRootAsync: useExisting', async () => {
    @Module({
      imports: [ForumSsoModule.forRootAsync({ imports: [MakerModule], useExisting: OptionsMaker })],
      controllers: [OwnController],
    })
    class App {}
    expect(await whoToldIt(App, platform)).toEqual({ same: true, connectors: ['from-settings'] });
  });

  test.each([
    ['forRoot', (isGlobal: boolean) => ForumSsoModule.forRoot({ ...engineOptions(), isGlobal })],
    [
      'forRootAsync',
      (isGlobal: boolean) => ForumSsoModule.forRootAsync({ useFactory: () => engineOptions(), isGlobal }),
    ],
  ])('%s: isGlobal opens it to modules that do not import it, and only then', async (_, make) => {
    @Module({ imports: [make(true), FeatureModule] })
    class Global {}
    expect(await whoToldIt(Global, platform, '/feature')).toEqual(['probe']);

    @Module({ imports: [make(false), FeatureModule] })
    class Local {}
    await expect(startApplication(Local, platform)).rejects.toThrow(/FeatureController/);
  });

  test('what is wrong with the options stops the start, with everything that is wrong', async () => {
    @Module({ imports: [ForumSsoModule.forRoot({ ...engineOptions(), keys: 'short', baseUrl: 'nowhere' })] })
    class Wrong {}
    expect(await codeOfStart(Wrong, platform)).toBe('ERR_OPTIONS_INVALID 2');

    @Module({ imports: [ForumSsoModule.forRoot({ ...engineOptions(), signIn: () => {} })] })
    class NoSession {}
    expect(await codeOfStart(NoSession, platform)).toBe('ERR_OPTIONS_INVALID 1');

    @Module({
      imports: [
        ForumSsoModule.forRootAsync({ useFactory: () => Object.assign(engineOptions(), { isGlobal: true }) }),
      ],
    })
    class SwitchInFactory {}
    expect(await codeOfStart(SwitchInFactory, platform)).toBe('ERR_OPTIONS_INVALID 1');
  });

  test('in a testing module, with the engine replaced', async () => {
    @Module({ imports: [ForumSsoModule.forRoot(engineOptions())], controllers: [OwnController] })
    class App {}
    const { send } = await startApplication(App, platform, { inTest: true });
    expect((await send('GET', '/own')).json()).toEqual({ same: true, connectors: ['probe'] });
    expect((await send('GET', '/sso/probe/request')).json()).toMatchObject({ url: '/sso/probe/request' });
    const body = await send('POST', '/sso/probe/body', {
      body: '{"a":1}',
      headers: [['Content-Type', 'application/json']],
    });
    expect(body.json()).toMatchObject({ length: 7 });
  });

  test('without HTTP there is nothing to mount', async () => {
    const { NestFactory } = await import('@nestjs/core');
    @Module({ imports: [ForumSsoModule.forRoot(engineOptions({ store: memoryStore() }))] })
    class Worker {}
    const context = await NestFactory.createApplicationContext(Worker, {
      logger: false,
      abortOnError: false,
    });
    expect(context.get(ForumSso).connectors).toEqual(['probe']);
    expect(() => context.get(ForumUserGuard)).toThrow();
    await context.close();
  });
});
