import { open } from 'node:fs/promises';

import { UsageError } from '../../usage-error.js';
import type { TextPiece } from './row.js';

/** Where users come from. */
export interface Source {
  /** For messages: the file's name, or "standard input". */
  readonly name: string;
  readonly format: 'csv' | 'jsonl';
  /** Size in bytes; null when that is not known before the end. */
  readonly size: number | null;
  readonly pieces: AsyncIterable<TextPiece>;
  close(): Promise<void>;
}

const formats = { csv: 'csv', tsv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl' } as const;

/**
 * Opens a file of users, or standard input.
 * @param from a path, or `-`
 * @param format left out: from the file's ending; for standard input, from its first character
 * @throws UsageError
 */
export async function openSource(
  from: string,
  format: 'csv' | 'jsonl' | undefined,
  stdin: AsyncIterable<Uint8Array> & { destroy?(): unknown } = process.stdin,
): Promise<Source> {
  if (from === '-') {
    const pieces = decode(stdin)[Symbol.asyncIterator]();
    const first = await pieces.next();
    const begin = first.done === true ? '' : first.value.text;
    return {
      name: 'standard input',
      format: format ?? (begin.trimStart().startsWith('{') ? 'jsonl' : 'csv'),
      size: null,
      pieces: continued(first, pieces),
      // Whoever writes to it may never come to an end, and an open one would keep this process alive.
      close: async () => {
        stdin.destroy?.();
      },
    };
  }
  const file = await open(from).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--from ${from} cannot be read (${error.code ?? 'unknown error'}).`);
  });
  const { size, isDirectory } = await file.stat().then((stats) => ({
    size: stats.isFile() ? stats.size : null,
    isDirectory: stats.isDirectory(),
  }));
  const [, ending = ''] = /\.([a-z]+)$/i.exec(from) ?? [];
  const known = Object.entries(formats).find(([name]) => name === ending.toLowerCase())?.[1];
  const chosen = format ?? known;
  if (isDirectory || chosen === undefined) {
    await file.close();
    throw new UsageError(
      isDirectory
        ? `--from ${from} is a folder.`
        : `--from ${from} ends neither in .csv nor in .jsonl: say which it is by --format.`,
    );
  }
  const stream = file.createReadStream({ highWaterMark: 65_536, autoClose: false });
  return {
    name: from,
    format: chosen,
    size,
    pieces: decode(stream),
    close: async () => {
      stream.destroy();
      await file.close();
    },
  };
}

async function* decode(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<TextPiece> {
  // What is no UTF-8 becomes U+FFFD, and a row that holds one is refused.
  const decoder = new TextDecoder();
  let isFirst = true;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (isFirst && isUtf16(bytes)) {
      throw new UsageError('The file is in UTF-16: save it as UTF-8.');
    }
    isFirst = false;
    yield { text: decoder.decode(bytes, { stream: true }), bytes: bytes.length };
  }
  yield { text: decoder.decode(), bytes: 0 };
}

function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

async function* continued(
  first: IteratorResult<TextPiece>,
  rest: AsyncIterator<TextPiece>,
): AsyncGenerator<TextPiece> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}
