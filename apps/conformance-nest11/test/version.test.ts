import { createRequire } from 'node:module';

import { expect, test } from '@jest/globals';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { adapterOf } from '../../../packages/nestjs/test/nest-harness.js';

const resolve = createRequire(import.meta.url);

test.each([
  ['express', ExpressAdapter],
  ['fastify', FastifyAdapter],
] as const)("what the package's tests get for %s is that of Nest 11", (platform, adapter) => {
  const manifest: { readonly version: string } = resolve(`@nestjs/platform-${platform}/package.json`);
  expect(manifest.version).toMatch(/^11\./);
  expect(adapterOf(platform)).toBeInstanceOf(adapter);
});
