import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { readExamples, startTypeScript, type TypeScriptProcess } from '@forum-sso/testkit';

import type { Site, SiteFile } from './site.js';
import { readmeOf, type Tarball } from './tarballs.js';

/** What became of an example: where the servers listen that it started, and what it printed. */
export interface RunExample {
  readonly origins: readonly string[];
  readonly printed: string;
}

/** Every example on the packages' pages, as a file: the second one of core's is `examples/core/2.ts`. */
export async function allExamples(tarballs: readonly Tarball[]): Promise<readonly SiteFile[]> {
  const pages = await Promise.all(tarballs.map((tarball) => readExamples(readmeOf(tarball))));
  return pages.flatMap((codes, page) =>
    codes.map((code, index): SiteFile => [`examples/${tarballs[page]?.folder}/${index + 1}.ts`, code]),
  );
}

/** Examples that run, all in one process, until they are stopped. */
export class RunningExamples {
  readonly #process: TypeScriptProcess;
  readonly #run: ReadonlyMap<string, RunExample>;

  private constructor(process: TypeScriptProcess, run: ReadonlyMap<string, RunExample>) {
    this.#process = process;
    this.#run = run;
  }

  /**
   * Runs examples one after the other, as they were compiled at the site.
   * @param node the Node to run them with
   * @throws Error with what was printed when one of them fails
   */
  static async start(site: Site, paths: readonly string[], node: string): Promise<RunningExamples> {
    const files = paths.map((path) =>
      pathToFileURL(join(site.folder, path.replace(/^examples/, 'built/examples').replace(/\.ts$/, '.js'))),
    );
    const process = startTypeScript(
      new URL('run-examples.ts', import.meta.url),
      files.map(({ href }) => href),
      node,
    );
    const run = new Map<string, RunExample>();
    try {
      for (const path of paths) run.set(path, readMessage(await process.next()));
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new RunningExamples(process, run);
  }

  get(path: string): RunExample {
    const example = this.#run.get(path);
    if (example === undefined) throw new Error(`${path} was not run.`);
    return example;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

function readMessage(message: unknown): RunExample {
  if (typeof message !== 'object' || message === null) throw new Error('No example.');
  const { origins, printed }: { origins?: unknown; printed?: unknown } = message;
  if (!Array.isArray(origins) || typeof printed !== 'string') throw new Error('No example.');
  return { origins: origins.map(String), printed };
}
