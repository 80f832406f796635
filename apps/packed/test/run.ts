import { execFile } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  readonly ok: boolean;
  /** What it printed. */
  readonly output: string;
}

/** Runs a program to its end, without the options that Jest itself was started with. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  const options = {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '' },
    maxBuffer: 64 * 1024 * 1024,
    // npm and npx are scripts there, which only a shell can start.
    shell: process.platform === 'win32' && /^np[mx]$/.test(program),
  };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, output: stdout });
      else resolve({ ok: false, output: stdout + stderr });
    });
  });
}

/**
 * {@link run}, for what has to go well.
 * @returns what it printed
 * @throws Error with everything that it printed
 */
export async function runWell(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { ok, output } = await run(program, args, cwd);
  if (!ok) throw new Error(`${program} ${args.join(' ')}\n${output}`);
  return output;
}
