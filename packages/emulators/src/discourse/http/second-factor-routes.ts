import type { Express, Request, Response } from 'express';

import { type Html, html, ownPagesOnly, readForm } from '../../server/index.js';
import type { ForumUser } from '../forum/records.js';
import {
  checkSecondFactor,
  completeChallenge,
  findChallenge,
  hasMethod,
  type SecondFactorChallenge,
  secondFactorMethods,
} from '../forum/second-factor.js';
import { currentUser, type ForumContext, queryParameter, sendForumPage } from './context.js';
import { secondFactorForms } from './second-factor-forms.js';
import { onwardTargets } from './sso-payload.js';
import { challengeText } from './texts.js';

/** Backup codes are not good enough to vouch for somebody at a site. */
const allowedMethods: readonly number[] = [secondFactorMethods.totp, secondFactorMethods.securityKey];

/** The page that asks for a second factor before a site gets its answer: `/session/2fa`. */
export function mountSecondFactorRoutes(app: Express, context: ForumContext): void {
  const { forum, address } = context;

  app.get(['/session/2fa', '/session/2fa.json'], (request, response) => {
    const user = currentUser(context, request);
    const found = challengeOf(context, request, queryParameter(context, request, 'nonce') ?? '', user);
    if (request.path.endsWith('.json')) {
      if ('refused' in found) response.status(found.status).json({ error: challengeText(found.refused) });
      else {
        response.json({
          totp_enabled: true,
          backup_enabled: user !== null && hasMethod(user, secondFactorMethods.backupCode),
          allowed_methods: allowedMethods,
          security_keys_enabled: false,
          passkeys_enabled: false,
        });
      }
    } else if ('refused' in found || user === null) {
      const { status, text } =
        'refused' in found ? { status: found.status, text: challengeText(found.refused) } : notFound;
      sendQuestion(context, request, response, status, html`<p>${text}</p>`, null);
    } else sendQuestion(context, request, response, 200, question(found, user), found);
  });

  app.post(['/session/2fa', '/session/2fa.json'], ownPagesOnly(address), async (request, response) => {
    const form = await readForm(request);
    const asJson = request.path.endsWith('.json');
    const user = currentUser(context, request);
    const found = challengeOf(context, request, form.get('nonce') ?? '', user);
    if ('refused' in found || user === null) {
      const { status, text } =
        'refused' in found ? { status: found.status, text: challengeText(found.refused) } : notFound;
      if (asJson) {
        const body = { failed: 'FAILED', ok: false, error: text, reason: 'challenge_not_found_or_expired' };
        response.status(status).json(body);
      } else sendQuestion(context, request, response, status, html`<p>${text}</p>`, null);
      return;
    }
    const method = Number(form.get('second_factor_method'));
    if (!hasMethod(user, method) || !allowedMethods.includes(method)) {
      const text = 'You cannot confirm it that way here.';
      if (asJson) response.status(403).json({ errors: [text], error_type: 'invalid_access' });
      else sendQuestion(context, request, response, 403, html`<p>${text}</p>${question(found, user)}`, found);
      return;
    }
    if (!found.successful && !checkSecondFactor(user, method, form.get('second_factor_token') ?? '')) {
      const text = 'This code is not right.';
      const reason = 'invalid_second_factor';
      if (asJson) response.status(400).json({ ok: false, error: text, reason, failed: 'FAILED' });
      else {
        const body = html`<p class="bad">${text}</p>${question(found, user)}`;
        sendQuestion(context, request, response, 400, body, found);
      }
      return;
    }
    completeChallenge(found);
    const callback = '/session/sso_provider';
    if (asJson) {
      response.json({
        ok: true,
        callback_method: 'GET',
        callback_path: callback,
        redirect_url: `${forum.origin}/`,
      });
    } else response.redirect(303, `${forum.origin}${callback}?second_factor_nonce=${found.nonce}`);
  });
}

const notFound = { status: 404, text: challengeText('challenge_not_found') };

function challengeOf(
  { forum, sessions }: ForumContext,
  request: Request,
  nonce: string,
  user: ForumUser | null,
): ReturnType<typeof findChallenge> {
  return findChallenge(sessions.read(request)?.challenge ?? null, nonce, user?.id ?? null, forum.now());
}

function sendQuestion(
  context: ForumContext,
  request: Request,
  response: Response,
  status: number,
  body: Html,
  challenge: SecondFactorChallenge | null,
): void {
  sendForumPage(context, request, response, {
    status,
    title: 'Confirm that it is you',
    body: html`<div class="card"><h1>Confirm that it is you</h1>${body}</div>`,
    formTargets: onwardTargets(challenge?.query ?? null),
  });
}

function question({ nonce }: SecondFactorChallenge, user: ForumUser): Html {
  return html`<p>The site that you come from wants to be sure that it is you, ${user.username}.</p>
${secondFactorForms(user, { action: '/session/2fa', label: 'Confirm', hidden: { nonce } })}`;
}
