import type { AdapterHarness } from '@forum-sso/testkit';
import Koa from 'koa';
import Koa2 from 'koa2';

import { koaHarness } from './koa-harness.js';

/** The versions of Koa that are supported, newest first. */
export const harnesses: readonly AdapterHarness[] = [koaHarness('Koa 3', Koa), koaHarness('Koa 2', Koa2)];
