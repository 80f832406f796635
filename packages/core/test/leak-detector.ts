import { inspect } from 'node:util';

/**
 * Finds values that must not get out, however they were written on the way: as they are, in hex, in base64 at any
 * alignment and in both alphabets, percent-encoded in part or in whole, escaped for HTML or JSON; and all of that once
 * more inside of what can be decoded.
 */
export class LeakDetector {
  readonly #needles: readonly { readonly name: string; readonly text: string }[];

  /** @param values by name; each at least 8 characters long, so that nothing is found by chance */
  constructor(values: Readonly<Record<string, string>>) {
    this.#needles = Object.entries(values).flatMap(([name, value]) => {
      if (value.length < 8) throw new Error(`The value "${name}" is too short to be looked for.`);
      return [...new Set(spellings(value))].map((text) => ({ name, text }));
    });
  }

  /** The names of the values that a text holds. */
  find(text: string): readonly string[] {
    const found = new Set<string>();
    for (const layer of layers(text, 2)) {
      for (const { name, text: needle } of this.#needles) if (layer.includes(needle)) found.add(name);
    }
    return [...found].sort();
  }
}

/** Everything that a log could make of a value: its JSON, and what Node prints, hidden properties included. */
export function printed(value: unknown): string {
  const whole = inspect(value, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const stack = value instanceof Error ? `${value.stack}\n${printed(value.cause)}` : '';
  return `${whole}\n${JSON.stringify(value)}\n${String(value)}\n${stack}`;
}

function spellings(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const percent = (byte: number): string => `%${byte.toString(16).padStart(2, '0')}`;
  const everyByte = [...bytes].map(percent).join('');
  return [
    value,
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift)),
    encodeURIComponent(value),
    encodeURI(value),
    new URLSearchParams({ v: value }).toString().slice(2),
    everyByte,
    everyByte.toUpperCase(),
    value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    JSON.stringify(value).slice(1, -1),
  ];
}

/** What of the base64 of `bytes` is the same whatever stands around them, when they begin at this place of a group. */
function base64At(bytes: Buffer, shift: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const start = shift === 0 ? 0 : shift + 1;
  const end = Math.floor(((shift + bytes.length) * 8) / 6);
  const sure = text.slice(start, end);
  return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
}

/** The text, and what comes out when its parts are decoded. */
function layers(text: string, depth: number): readonly string[] {
  if (depth === 0) return [text];
  const inner = [
    ...matches(text, /(?:%[0-9a-fA-F]{2}|[\w.~*+-]){8,}/g).flatMap(unpercent),
    ...matches(text, /[A-Za-z0-9+/_-]{16,}/g).map((run) => Buffer.from(run, 'base64').toString('utf8')),
    ...matches(text, /(?:[0-9a-fA-F]{2}){8,}/g).map((run) => Buffer.from(run, 'hex').toString('utf8')),
  ];
  return [text, ...inner.flatMap((one) => layers(one, depth - 1))];
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([run]) => run);
}

function unpercent(text: string): readonly string[] {
  if (!text.includes('%')) return [];
  try {
    return [decodeURIComponent(text.replaceAll('+', ' '))];
  } catch {
    return [];
  }
}
