import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startTestDemo, type TestDemo } from './support/test-demo.js';
import { newVisitor, type Visitor } from './support/visitor.js';

let demo: TestDemo;
let site: string;
beforeAll(async () => {
  demo = await startTestDemo();
  site = demo.origin;
});
afterAll(() => demo.close());

async function signedIn(username: string): Promise<Visitor> {
  const visitor = newVisitor();
  await visitor.post(`${site}/login`, { username });
  return visitor;
}

/** What the forum knows of a person of the site. */
async function atTheForum(externalId: string): Promise<Record<string, unknown> | null> {
  const response = await fetch(`${demo.community('discourse')}/emulator/users/${externalId}`);
  const user: unknown = response.status === 404 ? null : await response.json();
  return typeof user === 'object' && user !== null ? { ...user } : null;
}

/** Looks again and again until it is as wanted. */
async function eventually<T>(look: () => Promise<T>, wanted: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look();
    if (wanted(found) || tries === 200) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A form of the edit page, as a browser sends it. */
function form(fields: Record<string, string>, groups: readonly string[]): string {
  const body = new URLSearchParams(fields);
  for (const group of groups) body.append('group', group);
  return body.toString();
}

const bob = { name: 'Bob Example', email: 'bob@example.com', title: '' };

describe('a changed account', () => {
  test('is at the forum without a login, groups and all', async () => {
    const visitor = await signedIn('bob');
    const fields = { ...bob, name: 'Robert <Example>', title: 'Captain' };
    const saved = await visitor.post(
      `${site}/account/edit`,
      form(fields, ['demo-editors', 'demo-translators']),
    );
    expect(saved).toMatchObject({ status: 303, location: `${site}/deliveries` });

    const known = await eventually(
      () => atTheForum('demo-bob'),
      (user) => user !== null,
    );
    expect(known).toMatchObject({ name: 'Robert <Example>', email: 'bob@example.com', active: true });
    expect(known?.groups).toEqual(expect.arrayContaining(['demo-editors', 'demo-translators']));
    expect(known?.groups).not.toContain('demo-supporters');

    await visitor.post(`${site}/account/edit`, form(bob, ['demo-supporters']));
    const back = await eventually(
      () => atTheForum('demo-bob'),
      (user) => user?.name === 'Bob Example',
    );
    expect(back?.groups).not.toContain('demo-editors');
    expect(back?.groups).toContain('demo-supporters');

    const page = await eventually(
      () => visitor.get(`${site}/deliveries`),
      ({ headers }) => headers.refresh === undefined,
    );
    expect(page.text).toContain('Everything has been delivered.');
    expect(page.text).toMatch(
      />Forum <span class="quiet small">discourse<\/span><\/th><td><span class="tag">done<\/span> <span class="quiet small">push, /,
    );
    expect(page.text).toContain('>Discussions <span class="quiet small">talkyard</span>');
    // A part of a connector: one of the clients that get webhooks.
    expect(page.text).toMatch(/>Wiki <span class="quiet small">discourse-connect-provider-\w+<\/span>/);
    expect((await visitor.get(`${site}/account/edit`)).text).toContain('value="Bob Example"');
  });

  test('with a new address waits for its confirmation, here and at the forum', async () => {
    const visitor = await signedIn('alice');
    const alice = { name: 'Alice Example', title: 'Editor in chief' };
    await visitor.post(`${site}/account/edit`, form({ ...alice, email: 'alice@example.org' }, []));
    const waiting = await eventually(
      () => atTheForum('demo-alice'),
      (user) => user !== null,
    );
    expect(waiting).toMatchObject({ email: 'alice@example.org', active: false });
    expect((await visitor.get(`${site}/account`)).text).toContain('<a href="/account/edit">Confirm it</a>');
    expect((await visitor.get(`${site}/account/edit`)).text).toContain('Confirm alice@example.org');

    await visitor.post(`${site}/account/confirm-email`, {});
    const confirmed = await eventually(
      () => atTheForum('demo-alice'),
      (user) => user?.active === true,
    );
    expect(confirmed).toMatchObject({ email: 'alice@example.org', active: true });
    expect((await visitor.get(`${site}/account/edit`)).text).not.toContain('is not confirmed');
  });

  const unusable: [string, string, string][] = [
    ['no name', form({ ...bob, name: ' ' }, []), 'Please say what you are called.'],
    ['no address', form({ ...bob, email: 'bob' }, []), 'This cannot be used: email.'],
    ['the address of somebody else', form({ ...bob, email: 'CAROL@example.com' }, []), 'Another account'],
    ['a group that is none', form(bob, ['demo-editors', 'admins']), 'There is no such group here.'],
    ['a control character', form({ ...bob, title: 'a\u0007b' }, []), 'This cannot be used: title.'],
    ['a long name', form({ ...bob, name: 'x'.repeat(256) }, []), 'This cannot be used: name.'],
  ];
  test.each(unusable)('with %s is refused in the form', async (_what, body, problem) => {
    const visitor = await signedIn('bob');
    const answer = await visitor.post(`${site}/account/edit`, body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(problem);
    expect((await visitor.get(`${site}/account`)).text).toContain('bob@example.com');
  });

  test('what was typed stays in a form that is refused', async () => {
    const visitor = await signedIn('carol');
    const typed = { name: '"C" & co', email: 'bob@example.com', title: 'Typed' };
    const { text } = await visitor.post(`${site}/account/edit`, form(typed, ['demo-editors']));
    expect(text).toContain('name="name" value="&#34;C&#34; &#38; co"');
    expect(text).toContain('value="bob@example.com"');
    expect(text).toContain('name="title" value="Typed"');
    expect(text).toContain('value="demo-editors" checked');
    expect(text).not.toContain('value="demo-translators" checked');
    // It is about the address that the account has.
    expect(text).toContain('Confirm carol@example.com');
  });

  test('nobody changes rights, id or verification by adding fields', async () => {
    const visitor = await signedIn('bob');
    const fields = { ...bob, admin: 'true', id: 'demo-alice', emailVerified: 'true', suspended: 'true' };
    await visitor.post(`${site}/account/edit`, form(fields, ['demo-supporters']));
    expect((await visitor.get(`${site}/people`)).status).toBe(404);
    expect((await visitor.get(`${site}/account`)).text).toContain('demo-bob');
  });

  test.each([
    '/account/edit',
    '/account/confirm-email',
    '/account/remove',
    '/people/suspend',
    '/deliveries/replay',
  ])('%s is for own pages and for those who are signed in', async (path) => {
    const visitor = await signedIn('carol');
    const foreign = await visitor.post(`${site}${path}`, { name: 'x' }, { origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
    expect(foreign.text).toContain('ERR_ORIGIN_FOREIGN');
    const stranger = await newVisitor().post(`${site}${path}`, { name: 'x' });
    expect([303, 401]).toContain(stranger.status);
    expect((await visitor.get(`${site}/account`)).text).toContain('carol@example.com');
  });
});

describe('staff', () => {
  test('keep people out and let them in again', async () => {
    const bobs = await signedIn('bob');
    await bobs.post(`${site}/account/edit`, form(bob, ['demo-supporters']));
    await eventually(
      () => atTheForum('demo-bob'),
      (user) => user !== null,
    );
    const staff = await signedIn('alice');
    const suspended = await staff.post(`${site}/people/suspend`, { id: 'demo-bob' });
    expect(suspended.status).toBe(200);
    expect(suspended.text).toContain('bob was suspended');
    expect(await atTheForum('demo-bob')).toMatchObject({ suspendedTill: expect.any(String) });
    expect((await bobs.get(`${site}/account`)).text).toContain('This account is suspended.');

    const restored = await staff.post(`${site}/people/restore`, { id: 'demo-bob' });
    expect(restored.text).toContain('bob was let in again');
    expect(await atTheForum('demo-bob')).toMatchObject({ suspendedTill: null });
    for (const id of ['demo-nobody', 'demo-alice', '']) {
      expect((await staff.post(`${site}/people/suspend`, { id })).status).toBe(404);
    }
  });

  test('are found by their flag: for others there are no such pages', async () => {
    const visitor = await signedIn('bob');
    for (const path of ['/people/suspend', '/people/restore', '/deliveries/replay']) {
      expect((await visitor.post(`${site}${path}`, { id: 'demo-carol' })).status).toBe(404);
    }
    expect((await visitor.get(`${site}/account`)).text).not.toContain('href="/people"');
  });
});

describe('an account that is removed', () => {
  test('is anonymized at the forum, and stays gone', async () => {
    const visitor = await signedIn('carol');
    await visitor.post(
      `${site}/account/edit`,
      form({ name: 'Carol', email: 'carol@example.com', title: '' }, []),
    );
    await eventually(
      () => atTheForum('demo-carol'),
      (user) => user !== null,
    );
    const gone = await visitor.post(`${site}/account/remove`, {});
    expect(gone.status).toBe(200);
    expect(gone.text).toContain('Your account is gone');
    expect(gone.text).toContain('Left to do by hand');
    expect(gone.text).toContain('Talkyard');
    expect(await atTheForum('demo-carol')).toBeNull();
    expect((await visitor.get(`${site}/account`)).location).toContain('/login');
    expect((await newVisitor().get(`${site}/login`)).text).not.toContain('value="carol"');
    expect((await newVisitor().post(`${site}/login`, { username: 'carol' })).status).toBe(400);
  });
});
test('a forum that fails gets the push once it is well', async () => {
  const forum = demo.community('discourse');
  const setFaults = (rules: readonly object[]): Promise<Response> =>
    fetch(`${forum}/emulator/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(rules),
    });
  await setFaults([{ pathPrefix: '/admin/users', errorRate: 1 }]);
  const visitor = await signedIn('bob');
  await visitor.post(`${site}/account/edit`, form({ ...bob, name: 'Bob After All' }, []));
  const failing = await eventually(
    () => visitor.get(`${site}/deliveries`),
    ({ text }) => text.includes('tried again later'),
  );
  expect(failing.text).toContain('on the way');
  expect(failing.headers.refresh).toBe('1');
  await setFaults([]);
  const known = await eventually(
    () => atTheForum('demo-bob'),
    (user) => user?.name === 'Bob After All',
  );
  expect(known).toMatchObject({ name: 'Bob After All' });
});
