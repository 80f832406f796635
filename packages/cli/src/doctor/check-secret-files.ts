import { statSync } from 'node:fs';

import { environmentTable } from '@forum-sso/core';

import { type Finding, warning } from './finding.js';

/** Secrets in files (`<name>_FILE`) that everybody on this machine may read. */
export function checkSecretFiles(
  variables: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  if (process.platform === 'win32') return [];
  return Object.keys(environmentTable).flatMap((name): Finding[] => {
    const path = variables[`${name}_FILE`]?.trim();
    if (path === undefined || path === '' || /_(?:URL|ID|USER|KID)$/.test(name)) return [];
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o004) === 0) return [];
    return [
      warning('secrets', `Everybody on this machine may read the file of ${name}.`, `chmod 600 ${path}`),
    ];
  });
}
