import { readFileSync } from 'node:fs';

import { UsageError } from '../usage-error.js';

/** A secret to try, and what to call it. */
export interface KnownSecret {
  /** The variable or the file, with a number when it holds several. Never the secret. */
  readonly name: string;
  readonly value: string;
  /** The variable as it stands, when the secret was cut out of it. */
  readonly uncut?: string;
}

/**
 * The secrets under a name in the environment, or in the file that `<name>_FILE` names. Not made tidy in any way but that
 * a list is split as Forum SSO splits it, and the line end at the end of a file is left out: what is wrong with a secret
 * is just what is looked for here.
 *
 * @throws UsageError when a file cannot be read
 */
export function knownSecrets(
  variables: Readonly<Record<string, string | undefined>>,
  name: string,
): readonly KnownSecret[] {
  const file = variables[`${name}_FILE`];
  const value = file === undefined || file === '' ? variables[name] : readSecret(file);
  if (value === undefined || value.trim() === '') return [];
  return split(name, value);
}

/** The secrets in a file given by `--secret-file`. @throws UsageError */
export function secretsInFile(path: string): readonly KnownSecret[] {
  return split(path, readSecret(path));
}

function split(name: string, value: string): readonly KnownSecret[] {
  const parts = value.split(/[\r\n]/.test(value) ? /[\r\n]+/ : ',').filter((part) => part.trim() !== '');
  if (parts.length <= 1) return [{ name, value: parts[0]?.trim() ?? '', uncut: value }];
  return parts.map((part, index) => ({
    name: `${name}, number ${index + 1}`,
    value: part.trim(),
    uncut: value,
  }));
}

function readSecret(path: string): string {
  try {
    return readFileSync(path.trim(), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new UsageError(`The secret's file ${path} cannot be read.`);
  }
}
