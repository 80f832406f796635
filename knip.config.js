/**
 * What `knip` takes for used. It looks for files, exports and dependencies that nothing needs; with `--production`
 * for those that only tests need.
 */
const production = process.argv.includes('--production');

const workspace = { entry: ['test/**/*.test.ts'], project: ['src/**/*.ts!', 'test/**/*.{ts,mjs}'] };
const published = { ...workspace, entry: [...workspace.entry, 'README.md'] };

/** The imports of the examples on a package's page, which its reader has to be able to follow. */
function importsOfExamples(text, path) {
  if (!path.endsWith('/README.md')) return '';
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)]
    .flatMap(([, code]) => [...code.matchAll(/(?:from|import) '([^'.]+)'/g)])
    .map(([, name]) => `import '${name}';`)
    .join('\n');
}

export default {
  // An exported type names what an exported function takes or gives, also where nobody writes the name. And tests may
  // look at a function that otherwise only its own file calls.
  ignoreExportsUsedInFile: production ? true : { interface: true, type: true },
  ignoreBinaries: ['openssl', 'redis-server'],
  compilers: { md: importsOfExamples },
  workspaces: {
    '.': { entry: ['scripts/*.mjs'], project: ['scripts/*.mjs', '*.{js,mjs,cjs}'] },
    'apps/*': workspace,
    'apps/reference': { ...workspace, entry: [...workspace.entry, 'src/main.ts!'] },
    'packages/*': published,
    // What npm links leads to what is built.
    'packages/cli': { ...published, entry: [...published.entry, 'src/bin.ts!'] },
    // In the place of others, by the configuration of Jest.
    'packages/sql': { ...published, ignoreDependencies: [/-oldest$/] },
    'apps/conformance-nest11': {
      ...workspace,
      ignoreDependencies: [/^@nestjs\//, /^@forum-sso\//, 'passport'],
    },
    // Their tests are run from where they are; so a change of them runs these.
    'apps/conformance': { ...workspace, ignoreDependencies: [/^@forum-sso\//] },
    // Packed, or installed in another folder.
    'apps/packed': { ...workspace, ignoreDependencies: [/./] },
    // Imports it in another process.
    bench: { project: ['src/**/*.ts!'], ignoreDependencies: ['zod'] },
  },
};
