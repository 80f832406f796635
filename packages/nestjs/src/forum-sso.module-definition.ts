import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';

import { ForumSsoExceptionFilter } from './exceptions/forum-sso-exception.filter.js';
import type {
  ForumSsoModuleExtras,
  ForumSsoModuleOptions,
} from './interfaces/forum-sso-module-options.interface.js';

const extras: ForumSsoModuleExtras = { isGlobal: false, exceptionFilter: true };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<ForumSsoModuleOptions>({ moduleName: 'ForumSso' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createForumSsoOptions')
    .setExtras(extras, (definition, { isGlobal, exceptionFilter }) => ({
      ...definition,
      global: isGlobal === true,
      providers: [
        ...(definition.providers ?? []),
        ...(exceptionFilter === false ? [] : [{ provide: APP_FILTER, useClass: ForumSsoExceptionFilter }]),
      ],
    }))
    .build();
