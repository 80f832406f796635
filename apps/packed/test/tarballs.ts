import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createPackageFromTarballData, type Package } from '@arethetypeswrong/core';

import { runWell } from './run.js';

const root = new URL('../../../', import.meta.url);
const packages = new URL('packages/', root);

/** A package as npm gets it. */
export interface Tarball {
  /** Its folder in `packages`. */
  readonly folder: string;
  readonly name: string;
  readonly path: string;
  readonly data: Uint8Array<ArrayBuffer>;
  /** The files in it. */
  readonly content: Package;
  readonly manifest: Manifest;
}

/** A package.json, as far as it is looked at here. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly [field: string]: unknown;
}

/** Packs every package that is published, as a release does; whoever calls this has them built. */
export async function packAll(destination: string): Promise<readonly Tarball[]> {
  const folders = await publishedFolders();
  const { packageManager } = await readManifest(new URL('package.json', root));
  const filters = folders.flatMap((folder) => ['--filter', `./packages/${folder}`]);
  await runWell(
    'npx',
    ['--yes', String(packageManager), '--recursive', ...filters, 'pack', '--pack-destination', destination],
    fileURLToPath(root),
  );
  return Promise.all(folders.map((folder) => readTarball(folder, destination)));
}

/** The page that npm shows. */
export function readmeOf({ folder }: Tarball): URL {
  return new URL(`${folder}/README.md`, packages);
}

/** What can be imported: `@forum-sso/core`, `@forum-sso/core/discourse` and so on. */
export function entryPoints({ name, manifest }: Tarball): readonly string[] {
  return Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1));
}

async function publishedFolders(): Promise<readonly string[]> {
  const folders = (await readdir(packages)).toSorted();
  const manifests = await Promise.all(
    folders.map((folder) => readManifest(new URL(`${folder}/package.json`, packages))),
  );
  return folders.filter((_, index) => manifests[index]?.private !== true);
}

async function readTarball(folder: string, destination: string): Promise<Tarball> {
  const { name, version } = await readManifest(new URL(`${folder}/package.json`, packages));
  const path = join(destination, `forum-sso-${folder}-${version}.tgz`);
  const data = new Uint8Array(await readFile(path));
  const content = createPackageFromTarballData(data);
  const manifest: Manifest = JSON.parse(content.readFile(`/node_modules/${name}/package.json`));
  return { folder, name, path, data, content, manifest };
}

async function readManifest(file: URL): Promise<Manifest> {
  const manifest: Manifest = JSON.parse(await readFile(file, 'utf8'));
  return manifest;
}
