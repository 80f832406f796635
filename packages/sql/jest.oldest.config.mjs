import preset from '../../jest.preset.mjs';

/** What depends on the drivers most, with the lower ends of the peer ranges in the place of what is installed otherwise. */
export default {
  ...preset,
  testMatch: ['<rootDir>/test/{sqlite-store,postgres-faults}.test.ts'],
  moduleNameMapper: { ...preset.moduleNameMapper, '^(kysely|libsql|pg)$': '$1-oldest' },
};
