/** What a job does for a person at one community. */
export const jobKinds = ['push', 'signIn', 'signOut', 'suspend', 'remove', 'restore'] as const;

export type JobKind = (typeof jobKinds)[number];

/**
 * A job of the push queue. It says about whom, not what: the person's newest state is read when it runs.
 */
export interface PushJob {
  /** Name of the connector. */
  readonly connector: string;
  readonly siteUserId: string;
  readonly kind: JobKind;
}

/** How an attempt at a job ended. */
export type JobOutcome =
  /** It is done, or nothing is to be done any more. */
  | { readonly done: true; readonly notes: readonly string[] }
  | {
      readonly done: false;
      readonly code: string;
      /** For the operator. */
      readonly detail: string;
      /** Seconds after which another try may help; absent when none will. */
      readonly retryAfter?: number;
      /** The community asked everybody to wait so long. */
      readonly slowDown: boolean;
    };
