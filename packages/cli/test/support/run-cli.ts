import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/forum-sso.js', import.meta.url));

/** How a run of the command ended. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The whole environment, besides what a process needs to start. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin?: string | Uint8Array;
  /** Standard input stays open after that. */
  readonly keepStdinOpen?: boolean;
  /** No file may grow beyond so many bytes, a multiple of 512: as a disk that is full. */
  readonly fileLimit?: number;
}

/** A run that is under way. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Waits until standard output matches. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until standard error matches. */
  waitForError(pattern: RegExp): Promise<RegExpExecArray>;
}

/** What a test that failed has left behind. */
const running = new Set<ChildProcess>();

/**
 * Starts the command as it was built, as a process of its own: from its source it would take ten times as long, and a test
 * may start it a dozen times.
 */
export function startCli(
  args: readonly string[],
  { env = {}, cwd, stdin = '', keepStdinOpen = false, fileLimit }: CliOptions,
): RunningCli {
  const node = [bin, ...args];
  const [program, programArgs] =
    fileLimit === undefined
      ? [process.execPath, node]
      : // The shell counts in blocks of 512 bytes, and makes way for Node.
        ['sh', ['-c', `ulimit -f ${fileLimit / 512}; exec "$0" "$@"`, process.execPath, ...node]];
  const child = spawn(program, programArgs, {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  let look = (): void => {};
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    look();
  });
  // The command may end without reading all of it.
  child.stdin.on('error', () => {});
  if (keepStdinOpen) child.stdin.write(stdin);
  else child.stdin.end(stdin);
  const ended = new Promise<CliResult>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  const matched = (pattern: RegExp, text: () => string): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      look = () => {
        const match = pattern.exec(text());
        if (match !== null) resolve(match);
      };
      void ended.then(() => reject(new Error(`It ended before ${pattern}:\n${stdout}\n${stderr}`)));
      look();
    });
  return {
    child,
    ended,
    waitFor: (pattern) => matched(pattern, () => stdout),
    waitForError: (pattern) => matched(pattern, () => stderr),
  };
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).ended;
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

/** A folder that is gone when the tests of a file are over. Below this package, so that imports resolve in it. */
export function temporaryFolder(): { readonly path: string; in(name: string): string; remove(): void } {
  mkdirSync(cache, { recursive: true });
  const path = mkdtempSync(join(cache, 'test-'));
  return {
    path,
    in: (name) => join(path, name),
    remove: () => {
      for (const child of running) child.kill('SIGKILL');
      rmSync(path, { recursive: true, force: true });
    },
  };
}
