import { parseArgs } from 'node:util';

import { frameworks } from './frameworks/index.js';
import { SettingsError } from './settings.js';

/**
 * Reads the demo's one option, `--framework koa`, which goes before the variable `FRAMEWORK`.
 * @returns variables in the place of those of the environment
 * @throws SettingsError for anything else
 */
export function readCommandLine(words: readonly string[]): { readonly FRAMEWORK?: string } {
  try {
    const { values } = parseArgs({ args: [...words], options: { framework: { type: 'string' } } });
    return values.framework === undefined ? {} : { FRAMEWORK: values.framework };
  } catch {
    throw new SettingsError([`The one option is --framework ${frameworks.join('|')}.`]);
  }
}
