import 'reflect-metadata';

import { describeAlike, describeErrors, describeProvider, describeVisits } from '@forum-sso/testkit';

import { nestHarness } from './nest-harness.js';

const harnesses = [
  nestHarness('Nest on Express', 'express'),
  nestHarness('Nest on Fastify', 'fastify'),
  nestHarness('Nest on Express, global module', 'express', { isGlobal: true }),
  nestHarness('Nest on Fastify, global module', 'fastify', { isGlobal: true }),
];

for (const harness of harnesses) {
  describeProvider(harness);
  describeErrors(harness);
  describeVisits(harness);
}
describeAlike(harnesses);
