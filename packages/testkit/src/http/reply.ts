/** One header line. */
export type HeaderLine = readonly [name: string, value: string];

/** An answer as it came over the wire: header lines in their order, spelled as they were sent. */
export class WireReply {
  readonly url: string;
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Uint8Array;

  constructor(url: string, status: number, headers: readonly HeaderLine[], body: Uint8Array) {
    this.url = url;
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** The values of all lines with that name. */
  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.headers.filter(([given]) => given.toLowerCase() === wanted).map(([, value]) => value);
  }

  /** The value of the only line with that name, undefined when there is none. More than one is an error. */
  header(name: string): string | undefined {
    const [value, ...more] = this.all(name);
    if (more.length > 0)
      throw new Error(`${name} stands ${more.length + 1} times in the answer to ${this.url}.`);
    return value;
  }

  get text(): string {
    return Buffer.from(this.body).toString('utf8');
  }

  /** The body as JSON, unchecked. */
  json(): unknown {
    return JSON.parse(this.text);
  }

  /** `Location`, resolved against the address that was asked. */
  get target(): string {
    const location = this.header('location');
    if (location === undefined) throw new Error(`The answer to ${this.url} (${this.status}) leads nowhere.`);
    return new URL(location, this.url).href;
  }
}
