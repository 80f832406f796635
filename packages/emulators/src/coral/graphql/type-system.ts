/** A resolver gives a field's value; `source` is the object that the field belongs to. */
export type Resolver<Context> = (
  source: unknown,
  args: Readonly<Record<string, unknown>>,
  context: Context,
) => unknown;

export interface FieldType<Context> {
  /** `[Profile!]!` */
  readonly type: string;
  /** Names and types of the arguments. */
  readonly args?: Readonly<Record<string, string>>;
  readonly resolve: Resolver<Context>;
}

/** A schema in plain objects. Scalars need no entry: `ID`, `String`, `Int`, `Boolean`, `Time`, `Cursor`. */
export interface Schema<Context> {
  readonly objects: Readonly<Record<string, Readonly<Record<string, FieldType<Context>>>>>;
  /** Names of the types that a union is made of. */
  readonly unions: Readonly<Record<string, readonly string[]>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The type of an object of a union. */
  typeOf(value: unknown): string;
}

/** The parts of a type's text. */
export type TypeRef =
  | { readonly kind: 'nonNull'; readonly of: TypeRef }
  | { readonly kind: 'list'; readonly of: TypeRef }
  | { readonly kind: 'named'; readonly name: string };

export function typeRef(text: string): TypeRef {
  if (text.endsWith('!')) return { kind: 'nonNull', of: typeRef(text.slice(0, -1)) };
  if (text.startsWith('[')) return { kind: 'list', of: typeRef(text.slice(1, -1)) };
  return { kind: 'named', name: text };
}

/** The name inside a type: `Profile` for `[Profile!]!`. */
export function namedType(text: string): string {
  return text.replace(/[[\]!]/g, '');
}

const scalars = new Set(['ID', 'String', 'Int', 'Boolean', 'Time', 'Cursor']);

export function isScalar(name: string): boolean {
  return scalars.has(name);
}
