import 'reflect-metadata';

import type { AdapterHarness } from '@forum-sso/testkit';

import { nestHarness } from './nest-harness.js';

/** Both platforms, with the module imported where it is used. */
export const harnesses: readonly AdapterHarness[] = [
  nestHarness('Nest on Express', 'express'),
  nestHarness('Nest on Fastify', 'fastify'),
];

/** Both platforms, with the module for the whole application. */
export const globalHarnesses: readonly AdapterHarness[] = [
  nestHarness('Nest on Express, global module', 'express', { isGlobal: true }),
  nestHarness('Nest on Fastify, global module', 'fastify', { isGlobal: true }),
];
