import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** The TypeScript blocks of a page, in order. */
export async function readExamples(page: URL): Promise<readonly string[]> {
  const blocks = (await readFile(page, 'utf8')).matchAll(/^```ts\n(.*?)^```$/gms);
  return [...blocks].map(([, code = '']) => code);
}

/** The TypeScript blocks of a page, as files that are compiled and run as a reader would. */
export class ReadmeExamples {
  readonly #folder: string;
  readonly #files: readonly string[];

  private constructor(folder: string, files: readonly string[]) {
    this.#folder = folder;
    this.#files = files;
  }

  /**
   * Writes the blocks into a folder of its own.
   * @param page the page
   * @param tests folder of the package's tests: there an example finds the package, what it depends on, and the
   * package's tsconfig.json one folder above
   * @param more further files, by name: what a reader is told to have already
   */
  static async extract(
    page: URL,
    tests: URL,
    more: Readonly<Record<string, string>> = {},
  ): Promise<ReadmeExamples> {
    const blocks = await readExamples(page);
    const folder = await mkdtemp(join(fileURLToPath(tests), 'readme-examples-'));
    const files = blocks.map((_, index) => join(folder, `example-${index + 1}.ts`));
    await Promise.all([
      ...blocks.map((code, index) => writeFile(join(folder, `example-${index + 1}.ts`), code)),
      ...Object.entries(more).map(([name, code]) => writeFile(join(folder, name), code)),
      writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
      ),
    ]);
    return new ReadmeExamples(folder, files);
  }

  get count(): number {
    return this.#files.length;
  }

  /** What the compiler says; the empty string when all is well. */
  async compile(): Promise<string> {
    const compiler = join(
      createRequire(import.meta.url).resolve('typescript/package.json'),
      '..',
      'bin',
      'tsc',
    );
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', this.#folder]).catch(
      (error: { stdout: string }) => error,
    );
    return stdout;
  }

  /** Runs an example, the first of which is number 1, and gives what it exports. */
  async load(number: number): Promise<Readonly<Record<string, unknown>>> {
    const path = this.#files[number - 1];
    if (path === undefined) throw new Error(`The page has no example ${number}.`);
    const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
    return loaded;
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }
}
