import { expect, test } from '@jest/globals';

import { describeInChromium } from './in-chromium.js';
import { policyComplaints } from './policy-complaints.js';

describeInChromium('changing an account at the site, in Chromium', (world) => {
  const forum = (path = '/'): string => world.demo.community('discourse') + path;

  /** Logs the person who is signed in at the site in to the forum. */
  async function enterForum(): Promise<void> {
    await world.page.goto(forum());
    await world.page.getByRole('link', { name: 'Log In' }).first().click();
    await world.page.getByRole('button', { name: 'Log Out' }).waitFor();
  }

  async function isAtForum(): Promise<boolean> {
    await world.page.goto(forum());
    return (await world.page.getByRole('button', { name: 'Log Out' }).count()) > 0;
  }

  /** Waits for the page that says that nothing waits any more. */
  async function delivered(): Promise<void> {
    await world.page.waitForURL(`${world.demo.origin}/deliveries`);
    await world.page.getByText('Everything has been delivered.').waitFor();
  }

  test('name, groups and address are at the communities at once, without a login there', async () => {
    const { page } = world;
    const complaints = policyComplaints(page);
    await world.signIn('bob');
    await enterForum();
    await page.getByText('demo-supporters', { exact: true }).waitFor();
    await world.open('/news');
    await page.getByText('You are bob', { exact: true }).waitFor();

    await world.open('/account');
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Robert Example');
    await page.getByLabel('E-mail address').fill('robert@example.com');
    await page.getByLabel('demo-supporters').uncheck();
    await page.getByLabel('demo-translators').check();
    await page.getByRole('button', { name: 'Save, and tell the communities' }).click();
    await delivered();
    // Nobody has confirmed the new address: the forum waits for it as well.
    expect(await isAtForum()).toBe(false);

    await world.open('/account/edit');
    await page.getByRole('button', { name: 'Confirm robert@example.com' }).click();
    await delivered();
    expect(await isAtForum()).toBe(true);
    await page.getByRole('heading', { name: 'You are Robert Example' }).waitFor();
    await page.getByText('demo-translators', { exact: true }).waitFor();
    expect(await page.getByText('demo-supporters', { exact: true }).count()).toBe(0);
    expect(await world.ask('discourse', '/emulator/users/demo-bob')).toContain('robert@example.com');
    expect(await world.ask('talkyard', '/-/v0/list-users?usernamePrefix=')).toContain('Robert Example');
    expect(await world.ask('coral', '/admin')).toContain('robert@example.com');
    expect(complaints).toEqual([]);
  });

  test('whom the staff suspend is out at the forum, and does not come back in', async () => {
    const { page } = world;
    await world.signIn('bob');
    await enterForum();

    await world.inAnotherBrowser(async (staff) => {
      await world.signIn('alice', staff);
      await staff.getByRole('link', { name: 'People' }).click();
      await staff.getByRole('button', { name: 'Suspend bob' }).click();
      await staff.getByRole('heading', { name: 'bob was suspended' }).waitFor();

      expect(await isAtForum()).toBe(false);
      await page.getByRole('link', { name: 'Log In' }).first().click();
      await page.getByText('ERR_USER_SUSPENDED').waitFor();

      await staff.getByRole('button', { name: 'Let in bob' }).click();
      await staff.getByRole('heading', { name: 'bob was let in again' }).waitFor();
    });
    await enterForum();
  });

  test('signing out here signs out at the forum as well', async () => {
    await world.signIn('alice');
    await enterForum();
    await world.signOut();
    expect(await isAtForum()).toBe(false);
  });

  test('an account that is removed is gone at the forum, and says what is left to do', async () => {
    const { page } = world;
    await world.signIn('bob');
    await enterForum();
    await world.open('/account/edit');
    await page.getByRole('button', { name: 'Remove my account' }).click();
    await page.getByRole('heading', { name: 'Your account is gone' }).waitFor();
    await page.getByText('Talkyard has no').first().waitFor();
    expect(await isAtForum()).toBe(false);
    await world.open('/login');
    expect(await page.getByRole('button', { name: '(bob)' }).count()).toBe(0);
  });
});
