/** A database server that tests may use. */
export interface Service {
  /** Where it is, as a client's connection URL. */
  readonly url: string;
  /** True when it was started for this test: it may be filled, configured and stopped at will. */
  readonly owned: boolean;
  /** Stops an owned server and removes its files; does nothing to the machine's own. */
  stop(): Promise<void>;
}

/** Says on the console why tests are left out, so that a green run never hides it. */
export function reportMissing(service: string, reason: string): void {
  console.error(`SKIPPED: every test that needs ${service}: ${reason}`);
}
