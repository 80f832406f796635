/**
 * Shared by every package: TypeScript through SWC, as ES modules, and workspace packages from their
 * source (export condition "@forum-sso/source"), so that no test runs against a stale build. Only the
 * command line's tests start what Turbo built before them: see CONTRIBUTING.md, "How tests run".
 */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: {
    customExportConditions: ['@forum-sso/source', 'node', 'node-addons'],
  },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testTimeout: 60_000,
  // A keep-alive connection that closes by itself a little later must not hold a whole run up.
  forceExit: true,
};
