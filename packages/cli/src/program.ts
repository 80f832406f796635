import { readFileSync } from 'node:fs';

import { Command, CommanderError } from 'commander';

import { type ExitCode, exitCodes } from './exit-codes.js';

/** Texts of the options of `push`, in the order of the help. */
const pushOptions: readonly (readonly [flags: string, text: string])[] = [
  ['--format <csv|jsonl>', 'what the file is; default: by its ending'],
  [
    '--delimiter <character>',
    'between the cells of a CSV file; default: , ; or tab, whichever the header has',
  ],
  ['--emails-verified', 'addresses count as verified where the file does not say; default: as not verified'],
  ['--allow-staff', 'send the columns admin and moderator'],
  [
    '--config <file>',
    'options of the site; default: forum-sso.config.ts, .mts, .js or .mjs here, else the environment',
  ],
  ['--to <connector>', 'which community, when there are several'],
  [
    '--groups <exact|names>',
    'which groups of a Discourse forum follow the site, with options from the environment',
  ],
  ['--dry-run', 'check everything, tell what would be sent, and call nobody'],
  ['--journal <file>', 'who was sent with what; default: forum-sso-push-<connector>.journal'],
  ['--resume', 'go on with the journal: only who is not in it or has changed is sent'],
  ['--fresh', 'drop the journal and send everybody'],
  ['--rate <number|none>', 'people a minute; default: what the community takes (Discourse: 60)'],
  ['--concurrency <number>', 'calls at the same time; default 4'],
  ['--attempts <number>', 'calls for one person when the community fails; default 8'],
  ['--backoff <seconds>', 'before the second of them, doubled each time up to a minute; default 1'],
  ['--timeout <seconds>', 'for one call; default and most 10'],
  ['--errors <file>', 'write everything that is wrong with rows, as JSONL'],
  ['--report <file>', 'write the result as JSON; - for standard output'],
  ['--quiet', 'no progress'],
];

/**
 * Runs the command line.
 * @param args without the names of the interpreter and the program
 */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const program = new Command('forum-sso')
    .description('One login for a site and its community: bulk push, inspection, diagnosis, keys, emulators.')
    .version(version())
    .option('--env-file <file>', 'read variables from a file first, as node --env-file does')
    .exitOverride()
    .showHelpAfterError('(forum-sso <command> --help tells more)');
  program.hook('preAction', () => loadEnvFile(program.opts().envFile));

  const pushCommand = program
    .command('push')
    .description('Bring the people of a file to a community, without a login of theirs.')
    .requiredOption('--from <file>', 'users.csv, users.jsonl, or - for standard input')
    .option('--map <column=field>', 'which column holds which field; may be repeated', collect, []);
  for (const [flags, text] of pushOptions) pushCommand.option(flags, text);
  pushCommand.action(async (options) => {
    const { push } = await import('./push/command.js');
    exitCode = await push(options);
  });

  // Reads its options by itself (see main.ts).
  program.enablePositionalOptions();
  program
    .command('inspect')
    .description('Take a single sign-on message or token apart, and tell what is wrong with it.')
    .argument('[text]')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .passThroughOptions()
    .action(async (_text, _options, command) => {
      const { inspect } = await import('./inspect/command.js');
      exitCode = await inspect(command.args);
    });
  program
    .command('doctor')
    .description('Look whether the configured communities, stores, clocks and addresses work together.')
    .option('--config <file>', 'options of the site; default: forum-sso.config.* here, else the environment')
    .option('--json', 'the findings as JSON')
    .action(async (options) => {
      const { doctor } = await import('./doctor/command.js');
      exitCode = await doctor(options);
    });
  program
    .command('keys')
    .description('Make new secrets, as lines of an environment file.')
    .argument(
      '[names...]',
      'variables, such as FRUUM_SECRET; default: FORUM_SSO_KEYS DISCOURSE_CONNECT_SECRET',
    )
    .option('--write <file>', 'add those to a file that it does not have, readable by its owner alone')
    .option('--list', 'list all secrets, and where each belongs')
    .action(async (names, options) => {
      const { keys } = await import('./keys/command.js');
      exitCode = keys(names, options);
    });
  program
    .command('emulate')
    .description('Start a local stand-in for a community: discourse, talkyard, coral or fruum.')
    .argument('<system>')
    .option('--port <number>', 'where to listen; default 4001 to 4004')
    .option(
      '--site <url>',
      'where Forum SSO is mounted; default: FORUM_SSO_BASE_URL or http://localhost:3000/sso',
    )
    .action(async (system, options) => {
      const { emulate } = await import('./emulate/command.js');
      exitCode = await emulate(system, options);
    });

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.unusable;
  }
  return exitCode;
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}

function loadEnvFile(path: unknown): void {
  if (typeof path === 'string') process.loadEnvFile(path);
}

function version(): string {
  const { version }: { version?: unknown } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}
