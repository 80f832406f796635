/** How the command ends, for scripts. */
export const exitCodes = {
  /** All went well. */
  ok: 0,
  /** It ran to its end, and something in it needs attention: rows that were not sent, findings, a wrong signature. */
  attention: 1,
  /** It could not begin: options, configuration or file cannot be used. Nothing was sent. */
  unusable: 2,
  /** It stopped early, since the community refuses every call or does not answer. `--resume` continues. */
  stopped: 3,
  /** A fault of this program. */
  internal: 70,
  /** Ctrl-C (SIGINT). `--resume` continues. */
  interrupted: 130,
  /** SIGTERM. `--resume` continues. */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
