export type { DialectName } from './dialect.js';
export { migrateToLatest } from './migrate.js';
export type { PgPool, PgPoolClient, PgQuery } from './pg-pool.js';
export { type PostgresStoreOptions, postgresStore } from './postgres-store.js';
export type { SqliteConnection } from './renewed-database.js';
export type { SqlStoreOptions } from './sql-context.js';
export { type OpenSqlStore, type SqlStore, sqlStore } from './sql-store.js';
export { type SqliteDatabaseClass, type SqliteStoreOptions, sqliteStore } from './sqlite-store.js';
export type { TablePlace } from './tables.js';
