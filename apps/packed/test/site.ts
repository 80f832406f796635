import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { run, runWell } from './run.js';
import { entryPoints, type Tarball } from './tarballs.js';

const { resolve } = createRequire(import.meta.url);
const compiler = join(resolve('typescript/package.json'), '..', 'bin', 'tsc');

/** A file that the site holds: where, and what is in it. */
export type SiteFile = readonly [path: string, code: string];

/** How a site may have set its compiler: the three ways in which it finds the packages. */
export const compilations = ['node16', 'bundler', 'commonjs'] as const;
export type Compilation = (typeof compilations)[number];

const settings: Readonly<Record<Compilation, object>> = {
  node16: { include: ['examples'], compilerOptions: { module: 'node16', outDir: 'built' } },
  bundler: { include: ['examples'], compilerOptions: { module: 'preserve', noEmit: true } },
  commonjs: { include: ['commonjs.cts'], compilerOptions: { module: 'nodenext', outDir: 'built' } },
};

/** Strict in every way, the declarations of packages included. */
const shared = {
  rootDir: '.',
  target: 'es2023',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** An empty folder in which the packages were installed by npm, with what their pages tell a reader to have. */
export class Site {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Installs with npm; the registry is asked for what npm does not keep, so this may take a minute.
   * @param examples what a reader copies from the pages, in the folder `examples`
   */
  static async install(
    folder: string,
    tarballs: readonly Tarball[],
    examples: readonly SiteFile[],
  ): Promise<Site> {
    const site = new Site(folder);
    const manifest = {
      private: true,
      type: 'module',
      dependencies: {
        ...(await readersDependencies()),
        ...Object.fromEntries(tarballs.map(({ name, path }) => [name, `file:${path}`])),
      },
    };
    const entries = tarballs.flatMap(entryPoints);
    await site.#write([
      ['package.json', JSON.stringify(manifest)],
      ['commonjs.cts', requireAll(entries)],
      ['imports.js', importAll(entries)],
      ...examples,
      ...Object.entries(settings).map(
        ([name, given]): SiteFile => [`tsconfig.${name}.json`, withShared(given)],
      ),
    ]);
    await runWell(
      'npm',
      ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      folder,
    );
    return site;
  }

  /**
   * Compiles what belongs to a way of compiling.
   * @returns what the compiler says against the examples and our declarations; those of others are theirs
   */
  async compile(compilation: Compilation): Promise<string> {
    const args = [compiler, '-p', `tsconfig.${compilation}.json`, '--pretty', 'false'];
    const { output } = await run(process.execPath, args, this.folder);
    return output
      .split(/^(?=\S)/m)
      .filter((message) => !/^node_modules\/(?!@forum-sso\/)/.test(message))
      .join('');
  }

  /** Runs one of its files with a Node. @returns what it prints */
  run(node: string, file: string): Promise<string> {
    return runWell(node, [file], this.folder);
  }

  async #write(files: readonly SiteFile[]): Promise<void> {
    for (const [path, code] of files) {
      const target = join(this.folder, path);
      await mkdir(join(target, '..'), { recursive: true });
      await writeFile(target, code);
    }
  }
}

/** What the pages tell a reader to install beside, in the versions that this workspace is locked to. */
async function readersDependencies(): Promise<Readonly<Record<string, string>>> {
  const own: { dependencies: Record<string, string> } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const versions = Object.keys(own.dependencies).map(async (name) => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    const { version }: { version: string } = JSON.parse(await readFile(file, 'utf8'));
    return [name, version] as const;
  });
  return Object.fromEntries(await Promise.all(versions));
}

function withShared(given: { compilerOptions?: object }): string {
  return JSON.stringify({ ...given, compilerOptions: { ...shared, ...given.compilerOptions } });
}

function requireAll(entries: readonly string[]): string {
  const lines = entries.map((entry, index) => `import entry${index} = require('${entry}');`);
  const names = entries.map((entry, index) => `${JSON.stringify(entry)}: Object.keys(entry${index}).length`);
  return `${lines.join('\n')}\nconsole.log(JSON.stringify({ ${names.join(', ')} }));\n`;
}

function importAll(entries: readonly string[]): string {
  const lines = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
  const names = entries.map((entry, index) => `${JSON.stringify(entry)}: Object.keys(entry${index}).length`);
  return `${lines.join('\n')}\nconsole.log(JSON.stringify({ ${names.join(', ')} }));\n`;
}
