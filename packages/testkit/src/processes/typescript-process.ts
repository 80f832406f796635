import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const hooks = new URL('./typescript-hooks.mjs', import.meta.url);

/** A child process that runs a TypeScript file of the workspace from source. */
export interface TypeScriptProcess {
  /** Sends a message to the child's `process.on('message')`. */
  send(message: string): void;
  /**
   * The next message that the child has sent by `process.send`, in order.
   * @throws Error with the end of the child's own error output when it ended instead
   */
  next(): Promise<unknown>;
  /** Ends it at once. */
  stop(): Promise<void>;
}

/**
 * Starts one; workspace packages are read from their source, too.
 * @param node the program to run it with; this process's own when left out
 */
export function startTypeScript(
  file: URL,
  args: readonly string[] = [],
  node: string = process.execPath,
): TypeScriptProcess {
  const child = fork(fileURLToPath(file), [...args], {
    execPath: node,
    execArgv: ['--conditions=@forum-sso/source', '--import', hooks.href],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const messages: unknown[] = [];
  let wake = (): void => {};
  let output = '';
  let ended = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000);
  });
  child.on('message', (message) => {
    messages.push(message);
    wake();
  });
  const close = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      wake();
      resolve();
    });
  });
  return {
    send: (message) => {
      child.send(message);
    },
    async next() {
      while (messages.length === 0) {
        if (ended) throw new Error(`${file.pathname} ended (${exitOf(child)}):\n${output}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages.shift();
    },
    async stop() {
      child.kill('SIGKILL');
      await close;
    },
  };
}

function exitOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `code ${exitCode}`;
}
