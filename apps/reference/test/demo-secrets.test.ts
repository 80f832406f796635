import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { demoSecrets } from '../src/demo-secrets.js';

describe("the demo's secrets", () => {
  let base: string;
  let folder: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'demo-secrets-'));
    folder = join(base, 'secrets');
  });
  afterEach(() => rmSync(base, { recursive: true }));

  test('are made once, kept, and different for each name', () => {
    const first = demoSecrets(folder).read('one');
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(demoSecrets(folder).read('one')).toBe(first);
    expect(demoSecrets(folder).read('two')).not.toBe(first);
    expect(readdirSync(folder).sort()).toEqual(['one', 'two']);
  });

  test('only their owner may read them', () => {
    demoSecrets(folder).read('one');
    expect(statSync(join(folder, 'one')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    chmodSync(join(folder, 'one'), 0o644);
    demoSecrets(folder).read('one');
    expect(statSync(join(folder, 'one')).mode & 0o777).toBe(0o600);
  });

  test('a damaged file is told, not silently replaced', () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'one'), 'half a sec');
    expect(() => demoSecrets(folder).read('one')).toThrow(/holds no usable secret/);
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('half a sec');
    expect(readdirSync(folder)).toEqual(['one']);
  });
});
