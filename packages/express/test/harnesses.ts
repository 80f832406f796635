import type { AdapterHarness } from '@forum-sso/testkit';
import express from 'express';
import express4 from 'express4';

import { expressHarness } from './express-harness.js';

/** The versions of Express that are supported, newest first. */
export const harnesses: readonly AdapterHarness[] = [
  expressHarness('Express 5', express),
  expressHarness('Express 4', express4),
];
