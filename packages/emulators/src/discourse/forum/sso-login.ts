import { parseMessage, readUnverified } from '../protocol/connect-message.js';
import { BlankSecretError, DiscourseError, PayloadParseError, SignatureError } from '../protocol/errors.js';
import type { ConnectMessage } from '../protocol/fields.js';
import { decodeQuery, lastText } from '../protocol/form.js';
import type { Forum } from './forum.js';
import type { SessionNonces } from './nonces.js';
import { RecordInvalid } from './record-invalid.js';
import type { ForumUser, SeedInvite } from './records.js';
import { resolveReturnPath } from './return-path.js';
import type { SecondFactorChallenge } from './second-factor.js';
import { lookupOrCreateUser } from './sign-on.js';

/** What the forum keeps for one browser. */
export interface BrowserSession {
  readonly nonces: SessionNonces;
  userId: number | null;
  /** The page that was asked for before the login. */
  destination: string | null;
  /** The key of an invitation link that was opened. */
  inviteKey: string | null;
  /** Text for the page that follows the making of an account. */
  accountCreatedMessage: string | null;
  /** The second factor that is asked for. */
  challenge: SecondFactorChallenge | null;
}

/** What `/session/sso_login` answers. */
export type LoginAnswer =
  /** A page with Discourse's text of that key (below `discourse_connect.`), or with a text of its own. */
  | { readonly kind: 'error'; readonly status: number; readonly key: string; readonly text?: string }
  /** A plain error page of the framework. */
  | { readonly kind: 'fault'; readonly status: number }
  | { readonly kind: 'redirect'; readonly location: string; readonly logIn: ForumUser | null };

export interface LoginRequest {
  /** Raw query string, without the question mark. */
  readonly query: string;
  readonly session: BrowserSession;
  readonly ip: string;
}

/** What is known of a login when it is written to the journal. */
interface Verdict {
  readonly answer: LoginAnswer;
  /** For the log. */
  readonly reason?: string;
  readonly error?: DiscourseError;
  readonly message?: ConnectMessage;
  readonly user?: ForumUser;
}

/** `GET /session/sso_login`: every check of Discourse in its order. Whoever is let in is to be logged in by the caller. */
export function answerSsoLogin(request: LoginRequest, forum: Forum): LoginAnswer {
  const verdict = decide(request, forum);
  const { answer, error, user } = verdict;
  forum.journal.add(
    {
      route: '/session/sso_login',
      status: answer.kind === 'redirect' ? 302 : answer.status,
      outcome: answer.kind === 'redirect' && answer.logIn !== null ? 'logged_in' : 'refused',
      reason: verdict.reason ?? error?.message ?? '',
      errorClass: error?.className ?? null,
      key: answer.kind === 'error' ? answer.key : null,
      location: answer.kind === 'redirect' ? answer.location : null,
      username: user?.username ?? null,
    },
    verdict.message,
  );
  return answer;
}

function decide({ query, session, ip }: LoginRequest, forum: Forum): Verdict {
  const parameters = readParameters(query, forum);
  if (parameters === null) return fault(400, 'The query holds a broken percent escape.');
  if (!forum.settings.enable_discourse_connect) return fault(404, 'DiscourseConnect is off.');
  if (forum.modes.readOnly) return fault(503, 'The forum is read-only.');
  if (!parameters.complete) return fault(400, 'The parameter sso or sig is missing.');

  const message = verify(query, forum);
  if (!('fields' in message)) return message;

  const { nonce } = message.fields;
  const returnPath = forum.nonces.find(session.nonces, nonce);
  if (returnPath === undefined || typeof nonce !== 'string') {
    return { ...refused(419, 'timeout_expired'), message, reason: nonceReason(forum, nonce) };
  }
  if (forum.modes.blockedIps.includes(ip)) {
    return { ...refused(500, 'unknown_error'), message, reason: `The IP address ${ip} is blocked.` };
  }
  forum.nonces.consume(session.nonces, nonce);
  try {
    return { ...letIn(message, session, returnPath, ip, forum), message };
  } catch (error) {
    if (!(error instanceof DiscourseError)) throw error;
    return { ...refusedFor(error), error, message };
  }
}

/** Null when the framework itself refuses the query. */
function readParameters(query: string, forum: Forum): { readonly complete: boolean } | null {
  try {
    const values = decodeQuery(query, forum.rack);
    const present = (name: string): boolean => (lastText(values.get(name)) ?? '') !== '';
    return { complete: present('sso') && present('sig') };
  } catch {
    return null;
  }
}

function verify(query: string, forum: Forum): ConnectMessage | Verdict {
  try {
    return parseMessage(query, forum.connectSecret, { rack: forum.rack, refuseBlankSecret: true });
  } catch (error) {
    if (!(error instanceof DiscourseError)) throw error;
    if (error instanceof PayloadParseError) return { ...refused(422, 'payload_parse_error'), error };
    if (error instanceof SignatureError || error instanceof BlankSecretError) {
      const sso = decodeQuery(query, forum.rack).get('sso') ?? null;
      // What somebody sent with a wrong signature is worth seeing in the log, and nowhere else.
      return { ...refused(422, 'signature_error'), error, message: readUnverified(sso, forum.rack) };
    }
    return { ...fault(500, error.message), error };
  }
}

function letIn(
  message: ConnectMessage,
  session: BrowserSession,
  returnPath: string,
  ip: string,
  forum: Forum,
): Verdict {
  const { settings } = forum;
  const { email } = message.fields;
  const invite =
    session.inviteKey === null
      ? null
      : forum.invites.validate(session.inviteKey, typeof email === 'string' ? email : undefined);
  const user = lookupOrCreateUser(message, forum, ip);
  const invited = invite !== null && user.invitedWith === null ? invite : null;

  if (isSuspended(user, forum.now())) {
    const until = user.suspendedTill?.toISOString().slice(0, 10) ?? '';
    const reason = user.suspendReason === null ? '' : ` Reason: ${user.suspendReason}`;
    const text = `This account is suspended until ${until}.${reason}`;
    return {
      answer: { kind: 'error', status: 403, key: 'suspended', text },
      user,
      reason: 'The account is suspended.',
    };
  }
  if (settings.must_approve_users && !user.approved) {
    if (invited !== null) redeem(forum, session, invited, user);
    const location = settings.discourse_connect_not_approved_url;
    const reason = 'The account waits for approval.';
    if (location !== '') return { answer: { kind: 'redirect', location, logIn: null }, user, reason };
    return { ...refused(403, 'account_not_approved'), user, reason };
  }
  if (invited !== null) {
    redeem(forum, session, invited, user);
    user.active = true;
    return welcome(user, invited.topic ?? '/', forum);
  }
  if (!user.active) {
    forum.mailbox.sendActivation(user);
    session.accountCreatedMessage = `We sent a mail to ${user.email}. Follow its link to activate your account.`;
    const location = `${forum.origin}/u/account-created`;
    return {
      answer: { kind: 'redirect', location, logIn: null },
      user,
      reason: 'The e-mail is not confirmed yet.',
    };
  }
  return welcome(user, returnPath, forum);
}

function redeem(forum: Forum, session: BrowserSession, invite: SeedInvite, user: ForumUser): void {
  forum.invites.redeem(invite, user);
  session.inviteKey = null;
}

function welcome(user: ForumUser, returnPath: string, forum: Forum): Verdict {
  const location = resolveReturnPath(returnPath, {
    origin: forum.origin,
    allowedDomains: forum.settings.discourse_connect_allowed_redirect_domains,
  });
  // Discourse's framework refuses to write such a header.
  if ([...location].some((character) => character < ' ' && character !== '\t')) {
    throw new DiscourseError(
      'ActionController::Redirecting::UnsafeRedirectError',
      'The return path holds a control character.',
    );
  }
  return { answer: { kind: 'redirect', location, logIn: user }, user };
}

/** Is the person kept out for now? */
export function isSuspended(user: ForumUser, now: Date): boolean {
  return user.suspendedTill !== null && user.suspendedTill.getTime() > now.getTime();
}

function nonceReason(forum: Forum, nonce: unknown): string {
  if (forum.nonces.refusalReason(nonce) === 'used') return 'The nonce has been used already.';
  return forum.settings.discourse_connect_csrf_protection
    ? 'The nonce is unknown, comes from another browser session, or has expired.'
    : 'The nonce is unknown or has expired.';
}

function refusedFor(error: DiscourseError): Verdict {
  switch (error.className) {
    case 'DiscourseConnect::BlankExternalId':
      return refused(500, 'blank_id_error');
    case 'Invite::ValidationFailed':
      return { answer: { kind: 'error', status: 400, key: 'invite', text: error.message } };
    case 'Invite::RedemptionFailed':
      return refused(412, 'invite_redeem_failed');
  }
  if (error instanceof RecordInvalid && error.record === 'User' && error.attribute === 'primary_email') {
    if (error.email === '') return refused(500, 'no_email');
    const text = `The forum does not take the e-mail address ${error.email}: ${error.message}.`;
    return { answer: { kind: 'error', status: 500, key: 'email_error', text } };
  }
  return refused(500, 'unknown_error');
}

function refused(status: number, key: string): Verdict {
  return { answer: { kind: 'error', status, key } };
}

function fault(status: number, reason: string): Verdict {
  return { answer: { kind: 'fault', status }, reason };
}
