import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Delivery, ForumSso } from '@forum-sso/core';

import { failure, type OpenQueue, QueueBench, type QueueCase, waitingIn } from './queue-case.js';

/** Short waits, so that retries can be watched. */
const quick = { attempts: 3, firstSeconds: 0.1, longestSeconds: 0.4 };

function queueCase(name: string, check: (bench: QueueBench) => Promise<void>): QueueCase {
  return {
    name,
    async run(open: OpenQueue) {
      const bench = new QueueBench(open);
      try {
        await check(bench);
      } finally {
        await bench.close();
      }
    },
  };
}

/** A delivery that ends when it is told. */
function held(): { readonly answer: () => Promise<Delivery>; release(): void } {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { answer: () => released.then(() => ({ done: true })), release: () => release() };
}

async function deadIn(sso: ForumSso): Promise<number> {
  return (await sso.queue.metrics()).reduce((sum, { dead }) => sum + dead, 0);
}

/** What every push queue must do. */
export const queueCases: readonly QueueCase[] = [
  queueCase('what is sent is the state at the time of sending, not of queueing', async (bench) => {
    const web = await bench.site({ work: false });
    bench.people.names.set('1', 'old');
    assert.deepEqual(await web.push('1'), { results: [{ connector: 'community', outcome: 'queued' }] });
    bench.people.names.set('1', 'new');
    assert.equal(await waitingIn(web), 1);
    const worker = await bench.site();
    await bench.untilIdle(worker);
    assert.deepEqual(
      bench.community.sent.map(({ name }) => name),
      ['new'],
    );
  }),

  queueCase('a job that waits already is not added twice', async (bench) => {
    const web = await bench.site({ work: false });
    for (const id of ['1', '2']) bench.people.names.set(id, 'x');
    for (const id of ['1', '2', '1', '1']) await web.push(id);
    assert.equal(await waitingIn(web), 2);
    await bench.untilIdle(await bench.site());
    assert.deepEqual(bench.community.sent.map(({ siteUserId }) => siteUserId).sort(), ['1', '2']);
  }),

  queueCase('a push that comes while one runs is run once more, with the newer state', async (bench) => {
    const sso = await bench.site();
    const other = await bench.site();
    const first = held();
    bench.community.answers.push(first.answer);
    bench.people.names.set('1', 'old');
    await sso.push('1');
    await bench.until('the first is under way', () => bench.community.sent.length === 1);
    bench.people.names.set('1', 'new');
    for (let i = 0; i < 5; i++) await (i % 2 === 0 ? other : sso).push('1');
    await sleep(100);
    assert.equal(bench.community.sent.length, 1, 'the second waits for the first');
    first.release();
    await bench.untilIdle(sso);
    assert.deepEqual(
      bench.community.sent.map(({ name }) => name),
      ['old', 'new'],
    );
  }),

  queueCase('updates by several processes in quick succession end with the newest', async (bench) => {
    const processes = await Promise.all([bench.site(), bench.site(), bench.site()]);
    bench.community.duration = 5;
    const ids = Array.from({ length: 15 }, (_, i) => `u${i}`);
    for (const version of ['1', '2', '3', '4']) {
      for (const [i, id] of ids.entries()) {
        bench.people.names.set(id, version);
        await processes[(i + Number(version)) % 3]?.push(id);
      }
    }
    for (const sso of processes) await bench.untilIdle(sso, 20);
    for (const id of ids) {
      const states = bench.community.sent.filter(({ siteUserId }) => siteUserId === id);
      assert.equal(states.at(-1)?.name, '4', `the last state of ${id}`);
      assert.deepEqual(
        states.map(({ name }) => name),
        states.map(({ name }) => name).sort(),
      );
    }
    assert.equal(bench.community.mostForOne, 1, 'nobody is worked on twice at the same time');
  }),

  queueCase('the jobs of one person run in their order, and never two at once', async (bench) => {
    const web = await bench.site({ work: false });
    bench.community.duration = 20;
    for (const id of ['1', '2', '3']) {
      bench.people.names.set(id, 'x');
      await web.push(id);
    }
    await queueSignOut(bench, web, '1');
    const workers = await Promise.all([bench.site(), bench.site()]);
    for (const worker of workers) await bench.untilIdle(worker);
    const mine = bench.community.sent.filter(({ siteUserId }) => siteUserId === '1');
    assert.deepEqual(
      mine.map(({ kind }) => kind),
      // The first is the one that failed and was queued.
      ['signOut', 'push', 'signOut'],
    );
    assert.equal(bench.community.mostForOne, 1);
  }),

  queueCase('people do not wait for each other', async (bench) => {
    const sso = await bench.site();
    bench.community.duration = 300;
    for (const id of ['1', '2', '3', '4']) {
      bench.people.names.set(id, 'x');
      await sso.push(id);
    }
    await bench.untilIdle(sso);
    assert.ok(bench.community.mostForAll >= 3, `at most ${bench.community.mostForAll} at the same time`);
  }),

  queueCase('the pace is kept evenly by all processes together', async (bench) => {
    const pace = { calls: 10, seconds: 1 };
    const processes = await Promise.all(Array.from({ length: 3 }, () => bench.site({ pace })));
    await warmUp(bench, processes);
    const ids = Array.from({ length: 25 }, (_, i) => `u${i}`);
    for (const [i, id] of ids.entries()) {
      bench.people.names.set(id, 'x');
      await processes[i % 3]?.push(id);
    }
    for (const sso of processes) await bench.untilIdle(sso, 20);
    const times = bench.community.sent.map(({ at }) => at).slice(-25);
    for (const [i, at] of times.entries()) {
      // One more for a machine that is late with one and early with another.
      const within = times.filter((other) => other >= at && other < at + 1_000).length;
      assert.ok(within <= 11, `${within} calls within a second`);
      // Two slots are more than 100 ms apart.
      const last = times[i - 3];
      assert.ok(last === undefined || at - last > 150, `four calls within ${at - (last ?? 0)} ms`);
    }
  }),

  queueCase('a job that needs several calls takes as many slots', async (bench) => {
    const pace = { calls: 10, seconds: 2, callsOf: { push: 3 } };
    const sso = await bench.site({ pace });
    await warmUp(bench, [sso]);
    for (const id of ['1', '2', '3']) {
      bench.people.names.set(id, 'x');
      await sso.push(id);
    }
    await bench.untilIdle(sso);
    const [first = 0, , third = 0] = bench.community.sent.map(({ at }) => at).slice(-3);
    assert.ok(third - first > 1_000, `three jobs of 600 ms began within ${third - first} ms`);
  }),

  queueCase(
    'when a community asks to slow down, every process waits, and it is no attempt',
    async (bench) => {
      const processes = await Promise.all(
        Array.from({ length: 3 }, () => bench.site({ retry: { ...quick, attempts: 1 } })),
      );
      bench.community.answers.push(() => failure({ retryAfter: 1, slowDown: true }));
      bench.people.names.set('0', 'x');
      await processes[0]?.push('0');
      await bench.until('it was asked to slow down', () => bench.community.sent.length === 1);
      const asked = bench.community.sent[0]?.at ?? 0;
      await sleep(100);
      for (const [i, sso] of processes.entries()) {
        bench.people.names.set(`u${i}`, 'x');
        await sso.push(`u${i}`);
      }
      for (const sso of processes) await bench.untilIdle(sso);
      const later = bench.community.sent.slice(1);
      assert.equal(later.length, 4);
      for (const { at } of later) assert.ok(at - asked > 950, `a call came ${at - asked} ms afterwards`);
    },
  ),

  queueCase('what fails is tried again, later each time, and then is a dead letter', async (bench) => {
    const sso = await bench.site({ retry: quick });
    bench.people.names.set('1', 'x');
    const no = () => failure({ retryAfter: 0 });
    bench.community.answers.push(no, no, no);
    await sso.push('1');
    await bench.until('it is dead', async () => (await deadIn(sso)) === 1);
    const times = bench.community.sent.map(({ at }) => at);
    assert.equal(times.length, 3);
    const [first = 0, second = 0, third = 0] = times;
    assert.ok(second - first > 45 && third - second > 95, `it was tried after ${times.join(', ')}`);
    assert.equal(await waitingIn(sso), 0);
    const [letter] = await sso.queue.deadLetters();
    assert.ok(letter !== undefined && letter.at instanceof Date && letter.id !== '');
    const { id, at, ...what } = letter;
    assert.deepEqual(what, {
      connector: 'community',
      siteUserId: '1',
      kind: 'push',
      attempts: 3,
      code: 'ERR_DISCOURSE_UNAVAILABLE',
      detail: 'The test says no.',
    });
    // Given back, it begins anew.
    bench.community.answers.push(no, no);
    assert.equal(await sso.queue.replay([id]), 1);
    await bench.until('it was sent', () => bench.community.sent.length === 6);
    await bench.untilIdle(sso);
    assert.deepEqual(await sso.queue.deadLetters(), []);
    assert.equal(await sso.queue.replay([id]), 0);
    const nexts = bench.events.flatMap((event) => (event.type === 'push.failed' ? [event.next] : []));
    assert.deepEqual(nexts, ['retry', 'retry', 'dead', 'retry', 'retry']);
  }),

  queueCase('what no other try can help is dead at once; a newer push takes its place', async (bench) => {
    const sso = await bench.site({ retry: quick });
    for (const id of ['1', '2', '3']) {
      bench.people.names.set(id, 'x');
      bench.community.answers.push(() => failure());
      await sso.push(id);
      await bench.until('it is dead', async () => (await deadIn(sso)) === Number(id));
    }
    assert.equal(bench.community.sent.length, 3);
    assert.deepEqual(
      (await sso.queue.deadLetters(2)).map(({ siteUserId }) => siteUserId),
      ['3', '2'],
    );
    await sso.push('2');
    await bench.untilIdle(sso);
    const rest = await sso.queue.deadLetters();
    assert.deepEqual(
      rest.map(({ siteUserId }) => siteUserId),
      ['3', '1'],
    );
    assert.equal(await sso.queue.discard(rest.slice(0, 1).map(({ id }) => id)), 1);
    assert.equal(await sso.queue.replay(), 1);
    await bench.until('the last was sent', () => bench.community.sent.length === 5);
    await bench.untilIdle(sso);
    assert.equal(await deadIn(sso), 0);
  }),

  queueCase('too many jobs are refused, with a reason', async (bench) => {
    const sso = await bench.site({ work: false, limit: 3 });
    for (const id of ['1', '2', '3']) await sso.push(id);
    await assert.rejects(sso.push('4'), { code: 'ERR_PUSH_QUEUE_FULL' });
    assert.equal(await waitingIn(sso), 3);
    const worker = await bench.site();
    await bench.untilIdle(worker);
    await sleep(1_100);
    await sso.push('4');
  }),

  queueCase(
    'closing waits for what runs, begins nothing more, and leaves the rest to others',
    async (bench) => {
      const pace = { calls: 4, seconds: 1 };
      const sso = await bench.site({ pace });
      const first = held();
      bench.community.answers.push(first.answer);
      for (const id of ['1', '2', '3']) {
        bench.people.names.set(id, 'x');
        await sso.push(id);
      }
      await bench.until('the first is under way', () => bench.community.sent.length === 1);
      let closed = false;
      const closing = sso.close(10).then(() => {
        closed = true;
      });
      await sleep(400);
      assert.equal(closed, false);
      assert.equal(bench.community.sent.length, 1, 'nothing more began');
      first.release();
      await closing;
      await assert.rejects(sso.push('4'), { code: 'ERR_PUSH_QUEUE_CLOSED' });
      const next = await bench.site({ pace });
      assert.equal(await waitingIn(next), 2);
      await bench.untilIdle(next);
      assert.deepEqual(bench.community.sent.map(({ siteUserId }) => siteUserId).sort(), ['1', '2', '3']);
    },
  ),

  queueCase('closing waits no longer than it is told', async (bench) => {
    const sso = await bench.site();
    const first = held();
    bench.community.answers.push(first.answer);
    bench.people.names.set('1', 'x');
    await sso.push('1');
    await bench.until('it is under way', () => bench.community.sent.length === 1);
    const start = performance.now();
    await sso.close(0.3);
    const spent = performance.now() - start;
    first.release();
    assert.ok(spent > 250 && spent < 3_000, `closing took ${spent} ms`);
  }),

  queueCase(
    'nothing is sent about somebody the site no longer knows, or who was removed or suspended',
    async (bench) => {
      const sso = await bench.site({ pace: { calls: 2, seconds: 1 } });
      for (const id of ['first', 'removed', 'suspended', 'last']) bench.people.names.set(id, 'x');
      for (const id of ['first', 'gone', 'removed', 'suspended', 'last']) await sso.push(id);
      await sso.remove('removed');
      await sso.suspend('suspended');
      await bench.untilIdle(sso);
      assert.deepEqual(
        bench.community.sent.map(({ siteUserId }) => siteUserId),
        ['first', 'last'],
      );
      const notes = bench.events.flatMap((event) => (event.type === 'push.done' ? event.notes : []));
      assert.equal(notes.length, 3);
    },
  ),

  queueCase('a job that cannot be read is a dead letter, and the others go on', async (bench) => {
    const stranger = await bench.site({ work: false, keys: randomBytes(32).toString('base64') });
    await stranger.push('1');
    const sso = await bench.site();
    bench.people.names.set('2', 'x');
    await sso.push('2');
    await bench.untilIdle(sso);
    assert.deepEqual(
      bench.community.sent.map(({ siteUserId }) => siteUserId),
      ['2'],
    );
    const [letter, ...more] = await sso.queue.deadLetters();
    assert.deepEqual(more, []);
    assert.equal(letter?.code, 'ERR_PUSH_JOB_UNREADABLE');
    assert.deepEqual([letter?.siteUserId, letter?.kind, letter?.connector], [null, null, 'community']);
  }),

  queueCase('each community has jobs, pace and fate of its own', async (bench) => {
    const { community } = bench;
    const connectors = [community.connector('one', { calls: 1, seconds: 60 }), community.connector('two')];
    const sso = await bench.site({ connectors });
    for (const id of ['1', '2', '3']) {
      bench.people.names.set(id, 'x');
      await sso.push(id);
    }
    const waiting = async (): Promise<Record<string, number>> =>
      Object.fromEntries((await sso.queue.metrics()).map(({ connector, waiting }) => [connector, waiting]));
    await bench.until('the fast one is done', async () => (await waiting()).two === 0);
    await bench.until('the slow one has begun', async () => (await waiting()).one === 2);
    assert.equal(community.sent.length, 4);
  }),

  queueCase('it tells how it is doing', async (bench) => {
    const web = await bench.site({ work: false });
    const [empty] = await web.queue.metrics();
    assert.deepEqual(empty, {
      ...{ connector: 'community', waiting: 0, dead: 0, oldestSeconds: null, running: 0 },
      since: { done: 0, retried: 0, paused: 0, dead: 0 },
    });
    for (const id of ['1', '2']) {
      bench.people.names.set(id, 'x');
      await web.push(id);
    }
    await sleep(1_200);
    const [full] = await web.queue.metrics();
    assert.equal(full?.waiting, 2);
    const age = full?.oldestSeconds ?? 0;
    assert.ok(age > 1 && age < 10, `the oldest is ${age} seconds old`);
    const held1 = held();
    bench.community.answers.push(held1.answer, () => failure({ retryAfter: 0 }));
    const worker = await bench.site({ retry: quick });
    await bench.until('one runs', async () => (await worker.queue.metrics())[0]?.running === 1);
    held1.release();
    await bench.untilIdle(worker);
    const [done] = await worker.queue.metrics();
    assert.deepEqual(done?.since, { done: 2, retried: 1, paused: 0, dead: 0 });
    assert.equal(done?.oldestSeconds, null);
  }),

  queueCase('neither its events nor its errors tell whom they are about', async (bench) => {
    const sso = await bench.site({ retry: quick, limit: 1 });
    bench.people.names.set('the-person', 'The Name');
    bench.community.answers.push(() => failure());
    await sso.push('the-person');
    await bench.until('it is dead', async () => (await deadIn(sso)) === 1);
    await bench.untilIdle(sso);
    const text = JSON.stringify(bench.events);
    assert.match(text, /push\.failed/);
    for (const secret of ['the-person', 'The Name']) assert.ok(!text.includes(secret), text);
  }),
];

/** Lets each process do something, so that it is connected and ready when times are taken. */
async function warmUp(bench: QueueBench, processes: readonly ForumSso[]): Promise<void> {
  for (const [i, sso] of processes.entries()) {
    bench.people.names.set(`warm${i}`, 'x');
    await sso.push(`warm${i}`);
    await bench.untilIdle(sso);
  }
}

/** Lets a sign-out fail, so that it is left to the queue. */
async function queueSignOut(bench: QueueBench, sso: ForumSso, siteUserId: string): Promise<void> {
  bench.community.answers.unshift(() => failure({ retryAfter: 0 }));
  const report = await sso.signOut(siteUserId);
  const [result] = report.results;
  assert.ok(result?.outcome === 'failed' && result.queued === true, JSON.stringify(result));
}
