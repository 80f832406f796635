/** Where a server is. */
export interface ServerAddress {
  /** Scheme, host and port as browsers see them, without a slash at the end. */
  readonly origin: string;
  /** The port that it listens on. */
  readonly port: number;
}
