import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';

import { type Connector, memoryStore, type SiteUser } from '@forum-sso/core';
import { coral } from '@forum-sso/core/coral';
import { discourse } from '@forum-sso/core/discourse';
import { talkyard } from '@forum-sso/core/talkyard';
import { sqliteStore } from '@forum-sso/sql';
import { afterAll, describe, expect, test } from '@jest/globals';

import { checkCertificate } from '../src/doctor/check-certificate.js';
import { checkDatabase } from '../src/doctor/check-database.js';
import { fetchSwitch } from '../src/site/fetch-switch.js';
import { findConfig } from '../src/site/load-config.js';
import { openStore } from '../src/site/open-store.js';
import { openTarget, setUpSite } from '../src/site/target.js';
import { temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Of the form that Coral gives them. */
const personalToken = `e30.${Buffer.from('{"pat":true}').toString('base64url')}.c2ln`;
const person: SiteUser = { id: '1', email: 'a@example.com', emailVerified: true, username: 'ann' };
const forum = (more: object = {}): Connector =>
  discourse({
    ...{ forumUrl: 'https://forum.example.com/talk', secret: 'a secret of that forum that is long enough' },
    ...{ api: { key: 'x'.repeat(64) } },
    ...more,
  });

function siteOf(connectors: readonly Connector[], store = memoryStore()) {
  const calls: string[] = [];
  const gate = fetchSwitch(async (input) => {
    calls.push(String(input));
    return Response.json({ id: 1, username: 'ann' });
  }, undefined);
  const options = {
    baseUrl: 'http://localhost:3000/sso',
    keys: randomBytes(32).toString('hex'),
    connectors,
    store,
  };
  return { site: setUpSite(options, gate.fetch), gate, calls };
}

describe('the target of a push', () => {
  test.each<[string, Connector, string]>([
    ['discourse', forum(), 'https://forum.example.com/talk/admin/users/sync_sso.json'],
    [
      'talkyard',
      talkyard({ serverUrl: 'https://ty.example.com', apiSecret: 'k3yk3yk3yk3yk3yk3yk3y01' }),
      'https://ty.example.com/',
    ],
    [
      'coral',
      coral({
        coralUrl: 'https://coral.example.com',
        secret: `ssosec_${'ab'.repeat(33)}`,
        api: { accessToken: personalToken },
      }),
      'https://coral.example.com/api/graphql',
    ],
  ])('of %s is found without any call, and rehearsing makes none', async (kind, connector, address) => {
    const { site, gate, calls } = siteOf([connector]);
    const target = await openTarget(site, undefined, gate);
    expect(target).toMatchObject({ kind, connector: kind });
    expect(target.address.startsWith(address)).toBe(true);
    expect(target.perMinute).toBeGreaterThan(0);
    expect(await target.rehearse?.(person)).toMatchObject({ sends: true });
    expect(calls).toEqual([]);
  });

  test('tells why the community would not be called', async () => {
    const { site, gate } = siteOf([forum({ groups: { mode: 'exact' } })]);
    const target = await openTarget(site, undefined, gate);
    expect(await target.rehearse?.(person)).toMatchObject({
      sends: false,
      refusal: { refused: 'ERR_SITE_USER_INVALID' },
    });
    expect(await target.rehearse?.({ ...person, groups: [], suspended: true })).toMatchObject({
      sends: false,
      notes: [expect.stringMatching(/suspended/)],
    });
  });

  test("a connector of the site's own is not rehearsed, since nobody can hold it back", async () => {
    let pushes = 0;
    const own: Connector = {
      ...{ kind: 'chat', name: 'chat' },
      setUp: () => ({
        routes: [],
        push: async () => {
          pushes++;
          return { done: true };
        },
      }),
    };
    const { site, gate } = siteOf([own]);
    const target = await openTarget(site, undefined, gate);
    expect(target).toMatchObject({ kind: 'chat', address: '', rehearse: null, perMinute: 60 });
    expect(pushes).toBe(0);
    expect(await target.push(person)).toEqual({ done: true });
  });

  test('what a connector throws is a failure of this person', async () => {
    const own: Connector = {
      ...{ kind: 'chat', name: 'chat' },
      setUp: () => ({ routes: [], push: () => Promise.reject(new Error('secret inside')) }),
    };
    const { site, gate } = siteOf([own]);
    const target = await openTarget(site, undefined, gate);
    expect(await target.push(person)).toMatchObject({ done: false, refusal: { refused: 'ERR_INTERNAL' } });
  });

  test('who stands in the way is asked of a store that outlives the process, and only of such', async () => {
    const memory = memoryStore();
    await memory.people.remove('1');
    const { site, gate } = siteOf([forum()], memory);
    expect((await openTarget(site, undefined, gate)).standing).toBeUndefined();
    const lasting = { ...memory, shared: true };
    const shared = siteOf([forum()], lasting);
    const { standing } = await openTarget(shared.site, undefined, shared.gate);
    expect([await standing?.('1'), await standing?.('2')]).toEqual(['removed', null]);
    const silent = {
      ...lasting,
      people: { ...memory.people, standing: () => Promise.reject(new Error('away')) },
    };
    const broken = siteOf([forum()], silent);
    const target = await openTarget(broken.site, undefined, broken.gate);
    expect(await target.standing?.('1')).toMatchObject({ refused: 'ERR_STORE_UNAVAILABLE' });
  });

  test('waiting jobs of the site are not touched', async () => {
    const memory = memoryStore();
    let asked = 0;
    const jobs = new Proxy(memory.jobs, {
      get: (target, name) => {
        asked++;
        return Reflect.get(target, name);
      },
    });
    siteOf([forum()], { ...memory, shared: true, jobs });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toBe(0);
  });
});

describe('a configuration file', () => {
  test('is found by its usual names', () => {
    expect(findConfig(undefined, folder.path)).toBeNull();
    writeFileSync(folder.in('forum-sso.config.mjs'), '');
    expect(findConfig(undefined, folder.path)).toBe(folder.in('forum-sso.config.mjs'));
    writeFileSync(folder.in('forum-sso.config.ts'), '');
    expect(findConfig(undefined, folder.path)).toBe(folder.in('forum-sso.config.ts'));
    expect(() => findConfig('none.mjs', folder.path)).toThrow(/no such file/);
  });
});

describe('the database of the environment', () => {
  test('is opened as it is, and not made', async () => {
    const path = folder.in('site.db');
    const made = await sqliteStore({ path });
    await made.people.remove('1');
    await made.close();
    const { store, close } = await openStore(`sqlite:${path}`);
    expect([store.shared, await store.people?.standing('1')]).toEqual([true, { state: 'removed' }]);
    await close();
    expect(await checkDatabase(path)).toMatchObject({ level: 'ok' });
  });

  test('without our tables, or not there: what to do', async () => {
    expect(await checkDatabase(`file:${folder.in('empty.db')}`)).toMatchObject({
      ...{ level: 'error', text: expect.stringContaining('our tables cannot be read') },
    });
    expect(await checkDatabase('postgres://user:geheim@127.0.0.1:9/db')).toMatchObject({ level: 'error' });
    expect(JSON.stringify(await checkDatabase('postgres://user:geheim@127.0.0.1:9/db'))).not.toContain(
      'geheim',
    );
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) process.stderr.write('SKIPPED: the test of certificates needs openssl.\n');

describe('a certificate', () => {
  (hasOpenssl ? test : test.skip)('is looked at for its end', async () => {
    const [key, cert] = [folder.in('key.pem'), folder.in('cert.pem')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-days',
      '30',
    ];
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    const address = server.address();
    const origin = `https://localhost:${typeof address === 'object' ? address?.port : ''}`;
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    expect(await checkCertificate(origin, new Date())).toMatchObject({
      level: 'ok',
      text: expect.stringMatching(/good for (29|30) days/),
    });
    expect(await checkCertificate(origin, inDays(20))).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/ends in (9|10) days/),
    });
    expect(await checkCertificate(origin, inDays(40))).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/is over/),
    });
    server.close();
    server.closeAllConnections();
    expect(await checkCertificate(origin, new Date())).toMatchObject({
      level: 'error',
      text: expect.stringMatching(/nothing listens/),
    });
    expect(await checkCertificate('http://localhost', new Date())).toBeNull();
  });
});
