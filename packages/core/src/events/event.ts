import type { ErrorCode } from '../errors.js';
import type { JobKind } from '../push/job.js';
import type { Decision } from '../push/retry.js';

/** What every event carries. */
interface EventBase {
  readonly at: Date;
  /** Name of the connector; absent for what concerns the whole. */
  readonly connector?: string;
}

/** A person was sent to a community with a signed answer. */
export interface LoginAnswered extends EventBase {
  readonly type: 'login.answered';
  /** Pseudonym of the person: a keyed digest of the id. */
  readonly user: string;
}

/** The answer was too long for an address line; bulky optional fields were left out. */
export interface LoginSlimmed extends EventBase {
  readonly type: 'login.slimmed';
  readonly user: string;
  /** Names of the fields, as the other system calls them. */
  readonly leftOut: readonly string[];
  /** Length the message would have had, in characters. */
  readonly length: number;
  /** True when all fields follow by push. */
  readonly pushed: boolean;
}

/** A request was refused. */
export interface RequestRefused extends EventBase {
  readonly type: 'request.refused';
  readonly code: ErrorCode;
  readonly status: number;
  /** Path without its query. */
  readonly path: string;
  /** What the operator should check or fix. */
  readonly detail: string;
  /** The lower-level error, if there was one: log it with care, it may come from the site's own code. */
  readonly cause?: unknown;
}

/** An older secret of a peer was used: the other side still has to take the new one over. */
export interface OldSecretUsed extends EventBase {
  readonly type: 'secret.old_used';
  /** Position in the list of secrets, 1 or higher. */
  readonly position: number;
}

/** Said at start, or when it shows itself: something works but should not stay as it is. */
export interface SetupWarning extends EventBase {
  readonly type: 'setup.warning';
  readonly detail: string;
}

/** Somebody signed in to the site with their forum account. */
export interface LoginCompleted extends EventBase {
  readonly type: 'login.completed';
  /** Pseudonym of the site user. */
  readonly user: string;
  /** True when nobody had to do anything: the forum knew the person already. */
  readonly silent: boolean;
}

/** A forum account was linked to a site user at the person's own wish. */
export interface AccountLinked extends EventBase {
  readonly type: 'account.linked';
  readonly user: string;
}

/** Somebody signed out of the site, or a client asked for it. */
export interface LogoutCompleted extends EventBase {
  readonly type: 'logout.completed';
  readonly user: string;
  /** True when all sessions ended, here and at communities; false for this browser's alone. */
  readonly everywhere: boolean;
}

/** A webhook of a forum was accepted. */
export interface WebhookReceived extends EventBase {
  readonly type: 'webhook.received';
  /** Name of the event, as the forum calls it. */
  readonly event: string;
  /** `handled`, `unlinked`, `stale`, `duplicate`, `ignored` or `pong`. */
  readonly outcome: string;
}

/** A client that is the site's authority on people brought one (`sync_sso`), and the site took them over. */
export interface PersonSynced extends EventBase {
  readonly type: 'person.synced';
  readonly user: string;
}

/** A job of the push queue is done: something was sent, or there was nothing to send any more. */
export interface PushDone extends EventBase {
  readonly type: 'push.done';
  readonly user: string;
  readonly kind: JobKind;
  /** What was left out, or why nothing was sent. */
  readonly notes: readonly string[];
}

/** An attempt at a job of the push queue failed. */
export interface PushFailed extends EventBase {
  readonly type: 'push.failed';
  /** Null when the job could not be read. */
  readonly user: string | null;
  readonly kind: JobKind | null;
  /** An error code. */
  readonly code: string;
  readonly detail: string;
  /** `retry`: it is tried again; `pause`: its community is left alone for a while; `dead`: it is given up. */
  readonly next: Exclude<Decision['next'], 'done'>;
  /** Milliseconds until the next attempt; absent when there is none. */
  readonly milliseconds?: number;
}

/** The push queue could not reach what it keeps its jobs in. It goes on trying. */
export interface PushStalled extends EventBase {
  readonly type: 'push.stalled';
  readonly detail: string;
  readonly cause?: unknown;
}

/** All events that `createForumSso({ events })` is called with. None holds a secret, token, e-mail or payload. */
export type ForumSsoEvent =
  | LoginCompleted
  | AccountLinked
  | LogoutCompleted
  | WebhookReceived
  | PersonSynced
  | LoginAnswered
  | LoginSlimmed
  | RequestRefused
  | OldSecretUsed
  | PushDone
  | PushFailed
  | PushStalled
  | SetupWarning;

/** An event before the engine adds the time and the connector's name. */
export type NewEvent = ForumSsoEvent extends infer E
  ? E extends ForumSsoEvent
    ? Omit<E, 'at' | 'connector'>
    : never
  : never;

/** The listener. What it throws, or rejects with, is ignored: an audit log must never stop a login. */
export interface EventListener {
  (event: ForumSsoEvent): unknown;
  /**
   * Asked before an event is made: false when nobody hears it at the moment, and then it is not made. For a listener that
   * leads events on to others. Left out: somebody does.
   */
  readonly hears?: (() => boolean) | undefined;
}

/** Whether an event is worth making. A listener that cannot say so gets it. */
export function isHeard(listener: EventListener | undefined): listener is EventListener {
  if (listener?.hears === undefined) return listener !== undefined;
  try {
    return listener.hears();
  } catch {
    return true;
  }
}
