import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const hooks = new URL('../../../../packages/testkit/src/processes/typescript-hooks.mjs', import.meta.url);

/** A process of our own sources. */
export interface RunningSource {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  output(): string;
  /** Waits until the output matches. @throws when the process ends first or 20 seconds pass */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/**
 * Starts a TypeScript file in a process of its own.
 * @param variables its whole environment, besides what a process needs to start
 * @param options of its command line
 */
export function runSource(
  file: URL,
  variables: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): RunningSource {
  const child = spawn(
    process.execPath,
    ['--conditions=@forum-sso/source', '--import', hooks.href, fileURLToPath(file), ...options],
    { env: { PATH: process.env.PATH ?? '', ...variables }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const listeners = new Set<() => void>();
  const collect = (chunk: Buffer): void => {
    text += chunk.toString('utf8');
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    output: () => text,
    ended,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const fail = (why: string): void => {
          stop();
          reject(new Error(`${why} before its output matched ${pattern}. It printed:\n${text}`));
        };
        const look = (): void => {
          const match = pattern.exec(text);
          if (match === null) return;
          stop();
          resolve(match);
        };
        const timer = setTimeout(() => fail('20 seconds passed'), 20_000);
        listeners.add(look);
        void ended.then(() => fail('The process ended'));
        look();
      }),
  };
}
