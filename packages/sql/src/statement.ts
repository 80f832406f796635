import { CompiledQuery, type QueryExecutorProvider, type QueryResult, type RawBuilder, sql } from 'kysely';

import type { SqlDialect } from './dialect.js';
import type { Tables } from './tables.js';

/** All that a part of the store needs for its statements. */
export interface SqlContext {
  /** Compiles statements. */
  readonly db: QueryExecutorProvider;
  readonly dialect: SqlDialect;
  readonly tables: Tables;
  /** Runs a statement that only reads. */
  read(query: CompiledQuery): Promise<QueryResult<unknown>>;
  /** Runs a statement that writes, so that it is committed when the promise resolves. */
  write(query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/** Values of a statement, by name. */
export type Values<Name extends string> = Readonly<Record<Name, string | number | null>>;

/** Runs a statement. @returns the rows that it gave, not yet looked at */
export type Statement<Name extends string> = (values: Values<Name>) => Promise<readonly unknown[]>;

/** Stands in a statement for a value that is known when it runs. */
class Slot<Name extends string> {
  readonly name: Name;

  constructor(name: Name) {
    this.name = name;
  }
}

/**
 * Makes a statement that writes: its text is compiled once, and each run only brings new values. A claim is so cheap
 * that compiling it anew would cost a tenth of it.
 *
 * @param build puts the statement together; `value('name')` stands for a value of that name
 */
export function writing<Name extends string>(context: SqlContext, build: Build<Name>): Statement<Name> {
  return statement(context.db, build, context.write);
}

/** Makes a statement that only reads; the rest as with {@link writing}. */
export function reading<Name extends string>(context: SqlContext, build: Build<Name>): Statement<Name> {
  return statement(context.db, build, context.read);
}

type Build<Name extends string> = (value: (name: Name) => RawBuilder<unknown>) => RawBuilder<unknown>;

function statement<Name extends string>(
  db: QueryExecutorProvider,
  build: Build<Name>,
  run: SqlContext['read'],
): Statement<Name> {
  const { sql: text, parameters } = build((name) => sql`${new Slot(name)}`).compile(db);
  const names = parameters.map((parameter) => {
    if (parameter instanceof Slot) return slotName<Name>(parameter);
    throw new TypeError('A statement of the store holds a value that is no slot.');
  });
  return async (values) => {
    const given = names.map((name) => values[name]);
    const { rows } = await run(CompiledQuery.raw(text, given));
    return rows;
  };
}

function slotName<Name extends string>(slot: Slot<Name>): Name {
  return slot.name;
}

/** The text in a column of a row. @throws TypeError when there is none: the table is not ours */
export function textOf(row: unknown, column: string): string {
  const value = cellOf(row, column);
  if (typeof value !== 'string') throw new TypeError(`The column ${column} holds no text.`);
  return value;
}

/** The text in a column of a row, or null. */
export function textOrNull(row: unknown, column: string): string | null {
  return cellOf(row, column) === null ? null : textOf(row, column);
}

/** The whole number in a column of a row, which drivers give as number, bigint or text. @throws TypeError when there is none */
export function numberOf(row: unknown, column: string): number {
  const value = cellOf(row, column);
  const number = value === null || value === '' ? Number.NaN : Number(value);
  if (!Number.isSafeInteger(number)) throw new TypeError(`The column ${column} holds no whole number.`);
  return number;
}

function cellOf(row: unknown, column: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, column) : undefined;
}
