import { expect, test } from '@jest/globals';

import { frameworks } from '../../src/frameworks/index.js';
import { describeInChromium, hosts } from './in-chromium.js';

for (const framework of frameworks) {
  describeInChromium(
    `the site on ${framework}, in Chromium`,
    (world) => {
      test('a visitor of the forum signs in at the site, is back with name and groups, and signs out', async () => {
        const { page, demo } = world;
        const forum = demo.community('discourse');
        await page.goto(forum);
        await page.getByRole('link', { name: 'Log In' }).first().click();
        await page.waitForURL(`${demo.origin}/login?**`);
        await world.pick('alice');
        await page.waitForURL(`${forum}/`);
        await page.getByRole('heading', { name: 'You are Alice Example' }).waitFor();
        for (const group of ['demo-editors', 'demo-supporters', 'admins']) {
          await page.getByText(group, { exact: true }).waitFor();
        }
        expect(await world.ask('discourse', '/emulator/users/demo-alice')).toContain('alice@example.com');

        await world.signOut();
        await page.getByRole('link', { name: 'Sign in' }).waitFor();
        await world.open('/account');
        await page.waitForURL(`${demo.origin}/login?**`);
      });
    },
    hosts,
    { FRAMEWORK: framework },
  );
}
