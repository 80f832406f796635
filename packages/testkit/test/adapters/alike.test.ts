import type { Connector } from '@forum-sso/core';
import { writeReply } from '@forum-sso/core/node';
import { describe, expect, test } from '@jest/globals';

import { type ConformanceCase, runCase, transcribe } from '../../src/case.js';
import { adapterCases, describeAlike, describeErrors } from '../../src/describe.js';
import { errorCases } from '../../src/suites/errors.js';
import { providerCases } from '../../src/suites/provider.js';
import { bareHarness, soundSteps } from './bare-harness.js';

const sound = bareHarness('one');
const cases = providerCases.slice(0, 4);
/** Answers nothing. */
const idle: Connector = { kind: 'k', name: 'k', setUp: () => ({ routes: [] }) };

describe('the answers of two adapters', () => {
  test('are equal when both are sound, whatever is random in them', async () => {
    const [first, second] = [await transcribe(cases, sound), await transcribe(cases, bareHarness('two'))];
    expect(Object.keys(first)).toEqual(cases.map(({ name }) => name));
    expect(Object.values(first).flat().length).toBeGreaterThan(8);
    expect(JSON.stringify(first)).toContain('{sealed}');
    expect(first).toEqual(second);
  });

  test('differ by a header that no case asks for', async () => {
    const chatty = bareHarness('chatty', {
      ...soundSteps,
      write: (response, reply) => {
        response.setHeader('X-Chatty', '1');
        writeReply(response, reply);
      },
    });
    for (const one of cases) await runCase(one, chatty);
    expect(await transcribe(cases, chatty)).not.toEqual(await transcribe(cases, sound));
  });

  test('are compared without the cases that are left out', async () => {
    const [name = ''] = cases.map((one) => one.name);
    const transcript = await transcribe(cases, { ...sound, leftOut: { [name]: 'makes no sense here' } });
    expect(Object.keys(transcript)).toEqual(cases.slice(1).map((one) => one.name));
  });

  test('are asked for once, and again after a failure', async () => {
    const harness = bareHarness('counted');
    let runs = 0;
    let fails = true;
    const counted: ConformanceCase = {
      name: 'counted',
      async run(context) {
        runs++;
        const site = await context.start({ connectors: [idle] });
        await site.send('GET', '/');
        if (fails) throw new Error('does not hold');
      },
    };
    await expect(transcribe([counted], harness)).rejects.toThrow('does not hold');
    fails = false;
    const transcript = await transcribe([counted], harness);
    expect(transcript.counted).toHaveLength(1);
    expect(await transcribe([counted], harness)).toEqual(transcript);
    expect(runs).toBe(2);
  });

  test('are those of at least two', () => {
    expect(() => describeAlike([sound])).toThrow(/two or more/);
  });
});

describe('a case', () => {
  test('stops what it has started, also when it fails', async () => {
    const origins: string[] = [];
    const failing: ConformanceCase = {
      name: 'failing',
      async run(context) {
        const site = await context.start({
          connectors: [idle],
        });
        origins.push(site.origin);
        throw new Error('does not hold');
      },
    };
    await expect(runCase(failing, sound)).rejects.toThrow('does not hold');
    await expect(fetch(origins[0] ?? '')).rejects.toThrow();
  });

  test('has a name of its own', () => {
    const names = adapterCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('that is left out must exist', () => {
    const harness = { ...sound, leftOut: { 'no such case': 'because' } };
    expect(() => describeErrors(harness)).toThrow('no such case');
    expect(errorCases.length).toBeGreaterThan(0);
  });
});
