import { fileURLToPath } from 'node:url';

import preset from '../../jest.preset.mjs';

const nest11 = fileURLToPath(new URL('node_modules/@nestjs', import.meta.url));
const packages = '(common|core|passport|platform-express|platform-fastify|testing)';

/** The tests of @forum-sso/nestjs as they are, with the packages of Nest 11 in the place of those of Nest 12. */
export default {
  ...preset,
  rootDir: fileURLToPath(new URL('../../packages/nestjs', import.meta.url)),
  roots: ['<rootDir>', fileURLToPath(new URL('test', import.meta.url))],
  testMatch: ['<rootDir>/test/**/*.test.ts', fileURLToPath(new URL('test/**/*.test.ts', import.meta.url))],
  // Terminus comes with the Nest of its own version; examples are compiled, which needs one version alone.
  testPathIgnorePatterns: ['/health\\.test', '/readme\\.test'],
  moduleNameMapper: {
    ...preset.moduleNameMapper,
    [`^@nestjs/${packages}$`]: `${nest11}/$1`,
    [`^@nestjs/${packages}/(.*)$`]: `${nest11}/$1/$2`,
  },
};
