import { type ExitCode, exitCodes } from './exit-codes.js';
import { plain } from './terminal/plain.js';
import { UsageError } from './usage-error.js';

/**
 * The command line.
 * @param args without the names of the interpreter and the program
 * @returns the code that the process ends with
 */
export async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    // Its start is what one waits for, so it does without the reader of all the other commands' options.
    if (args[0] === 'inspect') {
      const { inspect } = await import('./inspect/command.js');
      return await inspect(args.slice(1));
    }
    const { runProgram } = await import('./program.js');
    return await runProgram(args);
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): ExitCode {
  if (error instanceof UsageError) {
    for (const problem of error.problems) process.stderr.write(`forum-sso: ${plain(problem, 2_000)}\n`);
    return exitCodes.unusable;
  }
  if (isNodeError(error) && (error.code === 'ENOENT' || error.code === 'EACCES')) {
    process.stderr.write(`forum-sso: ${plain(error.message, 500)}\n`);
    return exitCodes.unusable;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = text.split('\n').map((line) => plain(line, 500));
  process.stderr.write(`forum-sso: an unexpected fault. ${lines.join('\n')}\n`);
  return exitCodes.internal;
}

function isNodeError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
