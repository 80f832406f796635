import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { communities } from '../../src/communities/index.js';
import { readSettings } from '../../src/settings.js';
import { type DemoOptions, type StartedDemo, startDemo } from '../../src/start-demo.js';

/** A demo for a test: on free ports, with secrets of its own. */
export interface TestDemo extends StartedDemo {
  /** Address of the community called so. */
  community(name: string): string;
  /** Event lines so far. */
  readonly lines: readonly string[];
  /** Lets time pass for the site and the emulators; browsers keep theirs. */
  pass(seconds: number): void;
}

/** @param variables environment, besides `PORT` and `COMMUNITY_PORT` */
export async function startTestDemo(
  variables: Readonly<Record<string, string>> = {},
  hostnames: DemoOptions['hostnames'] = {},
): Promise<TestDemo> {
  const secretsFolder = mkdtempSync(join(tmpdir(), 'demo-'));
  const lines: string[] = [];
  let ahead = 0;
  const demo = await startDemo({
    settings: readSettings({ PORT: '0', ...variables }, communities),
    secretsFolder,
    hostnames,
    log: (line) => lines.push(line),
    now: () => new Date(Date.now() + ahead),
  });
  return {
    ...demo,
    lines,
    pass(seconds) {
      ahead += seconds * 1_000;
    },
    community(name) {
      const found = demo.communities.find((community) => community.name === name);
      if (found === undefined) throw new Error(`The demo has no community "${name}".`);
      return found.url;
    },
    async close() {
      await demo.close();
      rmSync(secretsFolder, { recursive: true });
    },
  };
}
