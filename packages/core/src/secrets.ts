import { createSecretKey, type KeyObject } from 'node:crypto';

import { hasControlCharacter } from './control-characters.js';

/** Most secrets that one peer may have at a time. */
export const secretLimit = 3;

/** Shorter secrets than this, in characters, work where the other system takes them, with a warning. */
const recommendedLength = 32;

/**
 * One secret, or several while it is being changed, the newest first: the first signs what nobody asked for, each
 * may verify, and an answer is signed with the one that verified its question. From `until` on, a secret is not
 * used any more.
 */
export type SecretOption =
  | string
  | readonly (string | { readonly secret: string; readonly until?: Date | undefined })[];

/** What a kind of secret must be like. */
export interface SecretKind {
  /** Shortest that is taken: characters, which for ASCII are bytes. */
  readonly minimum: number;
  /** What the other systems accept, where that is less than any text. */
  readonly alphabet?: { readonly pattern: RegExp; readonly name: string };
}

/** The secrets that we share with other systems, by what they are for. */
export const secretKinds = {
  /** DiscourseConnect messages: Discourse's own minimum. */
  connect: { minimum: 10 },
  /** Webhooks of Discourse: Discourse's own minimum. */
  webhook: { minimum: 12 },
  /** Keys with which others call our API; some clients strip every other character. */
  inboundApiKey: { minimum: 20, alphabet: { pattern: /^[a-z0-9_-]+$/, name: 'a-z, 0-9, "_" and "-"' } },
  /** Fruum's signed hash. */
  fruum: { minimum: 32 },
} as const satisfies Record<string, SecretKind>;

/** Secrets ready for use, the newest first. */
export interface SecretRing {
  /**
   * The keys that may be used at a time. Whatever has an index above 0 is on its way out.
   * Never empty: at least one secret has no end.
   * @param now the time, or a clock that is asked only where a secret has an end
   */
  keysAt(now: Date | (() => Date)): readonly KeyObject[];
  /** The secrets as configured, for telling two purposes that share one. */
  readonly values: readonly string[];
}

/** What {@link prepareSecrets} found. */
export interface PreparedSecrets {
  /** Null when there is a problem. */
  readonly ring: SecretRing | null;
  /** What must be fixed before the start, a sentence each. Holds no secret, nor a part of one. */
  readonly problems: readonly string[];
  /** What works and should be changed. */
  readonly warnings: readonly string[];
}

interface Entry {
  readonly secret: string;
  /** Milliseconds since 1970; Infinity when it has no end. */
  readonly until: number;
}

/**
 * Reads the secrets of one peer and makes their keys, once. The bytes are used as configured, nothing is trimmed.
 * A line break or another control character is a problem, since it came from a file or a copy and can stand in no
 * other system's setting; a blank at an edge is only a warning, since another system may hold the same.
 *
 * @param option a {@link SecretOption}; anything else is a problem
 * @param setting begins each sentence; names the option and the setting on the other side:
 * `secret (DISCOURSE_CONNECT_SECRET, in Discourse "discourse connect secret")`
 * @param now secrets whose `until` is not after it are ignored
 */
export function prepareSecrets(
  option: unknown,
  setting: string,
  kind: SecretKind,
  now: Date,
): PreparedSecrets {
  const problems: string[] = [];
  const warnings: string[] = [];
  const items: readonly unknown[] = Array.isArray(option) ? option : [option];
  const entries: Entry[] = [];
  for (const [index, item] of items.entries()) {
    const label = items.length === 1 ? setting : `${setting}, number ${index + 1} of the list,`;
    const entry = readEntry(item);
    if (typeof entry === 'string') {
      problems.push(`${label} ${entry}`);
    } else if (entry.until > now.getTime()) {
      problems.push(...secretProblems(entry.secret, kind).map((problem) => `${label} ${problem}`));
      warnings.push(...secretWarnings(entry.secret).map((warning) => `${label} ${warning}`));
      entries.push(entry);
    }
  }
  if (problems.length === 0)
    problems.push(...ringProblems(entries).map((problem) => `${setting} ${problem}`));
  return { ring: problems.length === 0 ? new PreparedRing(entries) : null, problems, warnings };
}

/** What is wrong with one secret, each the end of a sentence that begins with the setting's name. */
export function secretProblems(secret: string, kind: SecretKind): string[] {
  if (secret.trim() === '') return ['is blank.'];
  const problems: string[] = [];
  if (secret.length < kind.minimum) problems.push(`is shorter than ${kind.minimum} characters.`);
  if (hasControlCharacter(secret)) {
    problems.push(
      'holds a line break or another control character, which most likely came from the file or variable it was read from: remove it.',
    );
  } else if (kind.alphabet !== undefined && !kind.alphabet.pattern.test(secret)) {
    problems.push(`may hold only ${kind.alphabet.name}.`);
  }
  return problems;
}

/** What of a secret works and should be changed; the ends of sentences, too. */
export function secretWarnings(secret: string): string[] {
  const warnings: string[] = [];
  if (secret !== secret.trim()) {
    warnings.push(
      'begins or ends with a blank. It is used as it stands: make sure that the other side has the same.',
    );
  }
  if (secret.length < recommendedLength) {
    warnings.push(`is shorter than ${recommendedLength} characters: a longer random one is better.`);
  }
  if (/^[^\s|]*[.*][^\s|]*\|/.test(secret)) {
    warnings.push('looks like a whole line "domain|secret": only what follows the "|" is the secret.');
  }
  return warnings;
}

function ringProblems(entries: readonly Entry[]): string[] {
  if (entries.length === 0) return ['holds no secret that is still in use.'];
  const problems: string[] = [];
  if (entries.length > secretLimit) problems.push(`holds more than ${secretLimit} secrets.`);
  if (new Set(entries.map(({ secret }) => secret)).size < entries.length) {
    problems.push('holds the same secret twice.');
  }
  if (entries.every(({ until }) => until !== Number.POSITIVE_INFINITY)) {
    problems.push('holds only secrets with an "until": one must remain.');
  }
  return problems;
}

/** One entry, or what is wrong with it. */
function readEntry(item: unknown): Entry | string {
  if (typeof item === 'string') return { secret: item, until: Number.POSITIVE_INFINITY };
  if (typeof item !== 'object' || item === null) return 'is missing or not a text.';
  const { secret, until, ...rest }: { secret?: unknown; until?: unknown } = item;
  if (typeof secret !== 'string') return 'must be a text, or an object with the text in "secret".';
  // A misspelt "until" would keep an old secret alive for ever.
  if (Object.keys(rest).length > 0) return 'may hold only "secret" and "until".';
  if (until === undefined) return { secret, until: Number.POSITIVE_INFINITY };
  if (!(until instanceof Date) || Number.isNaN(until.getTime()))
    return 'has an "until" that is not a valid Date.';
  return { secret, until: until.getTime() };
}

/** A class, so that a ring that is printed shows nothing of what it holds. */
class PreparedRing implements SecretRing {
  readonly #values: readonly string[];
  readonly #secrets: readonly { readonly key: KeyObject; readonly until: number }[];
  #keys: readonly KeyObject[] = [];
  /** When the first of the keys in use ends, in milliseconds since 1970. */
  #nextEnd = Number.NEGATIVE_INFINITY;

  constructor(entries: readonly Entry[]) {
    this.#values = entries.map(({ secret }) => secret);
    this.#secrets = entries.map(({ secret, until }) => ({ key: createSecretKey(secret, 'utf8'), until }));
  }

  get values(): readonly string[] {
    return this.#values;
  }

  keysAt(now: Date | (() => Date)): readonly KeyObject[] {
    if (this.#nextEnd === Number.POSITIVE_INFINITY) return this.#keys;
    const time = (typeof now === 'function' ? now() : now).getTime();
    if (time >= this.#nextEnd) {
      const live = this.#secrets.filter(({ until }) => until > time);
      this.#keys = live.map(({ key }) => key);
      this.#nextEnd = Math.min(...live.map(({ until }) => until));
    }
    return this.#keys;
  }
}
