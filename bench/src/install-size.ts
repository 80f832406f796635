import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { RowGroup } from './measure.js';

const megabyte = 1_000_000;
const core = fileURLToPath(new URL('../../packages/core/', import.meta.url));

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What `npm install @forum-sso/core` puts on the disk, beside its largest part. */
export const installSize: RowGroup = {
  name: 'install size',
  rows: async () => {
    const parts = dependenciesOf(core);
    const zod = bytesOf(filesIn(installed('zod', core)));
    const subject = bytesOf([...published(core), ...[...parts].flatMap(filesIn)]);
    return [
      {
        name: '@forum-sso/core and its dependencies: megabytes',
        subject: '@forum-sso/core',
        floor: 'zod',
        ratio: subject / megabyte,
        target: { atMost: 9 },
        medians: { subject, floor: zod },
        unit: 'bytes',
      },
    ];
  },
};

/** Folders of everything that a package needs, however far away. */
function dependenciesOf(folder: string, found = new Set<string>()): ReadonlySet<string> {
  for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
    const dependency = installed(name, folder);
    if (found.has(dependency)) continue;
    found.add(dependency);
    dependenciesOf(dependency, found);
  }
  return found;
}

/** Where a package finds another, as Node looks for it. */
function installed(name: string, from: string): string {
  const place = join(from, 'node_modules', name);
  if (existsSync(place)) return realpathSync(place);
  if (from === dirname(from)) throw new Error(`${name} is not installed.`);
  return installed(name, dirname(from));
}

/** What npm gets of one of our packages: what is built, without what a build of long ago left there. */
function published(folder: string): readonly string[] {
  const built = filesIn(join(folder, 'dist')).filter((file) => /\.(js|d\.ts)$/.test(file));
  return [...built, ...['package.json', 'README.md', '../../LICENSE'].map((file) => join(folder, file))];
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

function manifestOf(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return manifest;
}
