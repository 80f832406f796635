import { type Html, html } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';
import { hasMethod, secondFactorMethods } from '../forum/second-factor.js';

/**
 * The forms that ask for a code: of the app, or from the list of backup codes.
 * @param hidden what is sent along
 */
export function secondFactorForms(
  user: ForumUser,
  {
    action,
    label,
    hidden,
  }: {
    readonly action: string;
    readonly label: string;
    readonly hidden: Readonly<Record<string, string>>;
  },
): Html {
  const form = (method: number, question: string, button: string, look: string): Html =>
    html`<form method="post" action="${action}">${Object.entries(hidden).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}<input type="hidden" name="second_factor_method" value="${method}">
<label for="code-${method}">${question}</label><div class="row"><input id="code-${method}" name="second_factor_token" autocomplete="one-time-code" required>
<button class="${look}">${button}</button></div></form>`;
  return html`${form(secondFactorMethods.totp, 'Code of your app', label, '')}
<p class="quiet">In this emulator the code is <code>${user.secondFactor?.token ?? ''}</code>.</p>
${
  hasMethod(user, secondFactorMethods.backupCode) &&
  form(secondFactorMethods.backupCode, 'Or a backup code', 'Use backup code', 'plain')
}`;
}
