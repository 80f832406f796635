import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Browser, chromium } from 'playwright-core';

/** A Chromium that may be on this machine. */
interface Candidate {
  readonly executablePath: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const otherPlaces = [
  '/usr/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** False where there is no Chromium and none can be had from a package: the browser tests are then skipped. */
export const hasChromium =
  chosenChromium() !== undefined || systemChromiums().length > 0 || packagedChromiumRuns();

/**
 * Starts a headless Chromium: the one in CHROME_PATH, else the first of the system's that starts, else the one that
 * comes as a package.
 * @throws when none starts, with what each of them said
 */
export async function launchChromium(): Promise<Browser> {
  const failures: string[] = [];
  for (const candidate of candidates()) {
    const { executablePath, environment } = candidate();
    try {
      return await chromium.launch({
        executablePath,
        args: flags,
        env: { ...definedVariables(), ...environment },
      });
    } catch (error) {
      failures.push(`${executablePath}: ${String(error)}`);
    }
  }
  throw new Error(`No Chromium could be started.\n${failures.join('\n')}`);
}

/** In the order in which they are tried; functions, since unpacking takes a while. */
function candidates(): readonly (() => Candidate)[] {
  const chosen = chosenChromium();
  if (chosen !== undefined) return [() => ({ executablePath: chosen })];
  return [
    ...systemChromiums().map((executablePath) => () => ({ executablePath })),
    ...(packagedChromiumRuns() ? [unpackedChromium] : []),
  ];
}

function chosenChromium(): string | undefined {
  const path = process.env.CHROME_PATH;
  return path === '' ? undefined : path;
}

function systemChromiums(): readonly string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = [
    ...programs.flatMap((program) => folders.map((folder) => join(folder, program))),
    ...otherPlaces,
  ];
  return [...new Set(paths)].filter((path) => existsSync(path));
}

function packagedChromiumRuns(): boolean {
  return process.platform === 'linux' && process.arch === 'x64';
}

/** Unpacked once, aside first, so that a broken-off start leaves no half browser behind. */
function unpackedChromium(): Candidate {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/chromium-147.0.0', import.meta.url));
  if (!existsSync(folder)) {
    const aside = `${folder}.${process.pid}`;
    mkdirSync(aside, { recursive: true });
    execFileSync(process.execPath, [fileURLToPath(new URL('./unpack-chromium.mjs', import.meta.url))], {
      env: { ...definedVariables(), TMPDIR: aside, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
    });
    renameSync(aside, folder);
  }
  // The package's own list of fonts names folders of other machines; without a font no text has a size.
  const fonts = join(folder, 'fonts.conf');
  writeFileSync(
    fonts,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'fonts-cache')}</cachedir></fontconfig>
`,
  );
  return {
    executablePath: join(folder, 'chromium'),
    environment: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: fonts },
  };
}

function definedVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
