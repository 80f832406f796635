import {
  type DocumentNode,
  type FieldNode,
  GraphqlSyntaxError,
  type OperationNode,
  parseDocument,
  type SelectionNode,
} from './document.js';
import { InputFault, readLiteral, readVariable } from './input-values.js';
import { isScalar, namedType, type Schema, type TypeRef, typeRef } from './type-system.js';

/** An error in GraphQL's envelope. */
export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface GraphqlResult {
  /** HTTP status: 400 when nothing was carried out. */
  readonly status: 200 | 400;
  readonly body: { readonly data?: unknown; readonly errors?: readonly GraphqlError[] };
}

export interface ExecuteOptions<Context> {
  readonly schema: Schema<Context>;
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
  readonly context: Context;
  /** How an error that a resolver threw is told to the caller. */
  readonly describe: (error: unknown) => Pick<GraphqlError, 'message' | 'extensions'>;
}

/** What is wrong with a document, with the code that the caller gets. */
class RequestFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Reads, checks and carries out one operation: a small part of GraphQL, as strict as the whole. */
export async function executeGraphql<Context>(options: ExecuteOptions<Context>): Promise<GraphqlResult> {
  try {
    const document = parseDocument(options.source);
    const operation = chooseOperation(document, options.operationName);
    const root = operation.operation === 'query' ? 'Query' : 'Mutation';
    new Validator(options.schema, document, operation).selection(operation.selection, root, 0);
    const variables = coerceVariables(options.schema, operation, options.variables);
    return await new Execution(options, document, variables).run(operation.selection, root);
  } catch (error) {
    const code =
      error instanceof GraphqlSyntaxError
        ? 'GRAPHQL_PARSE_FAILED'
        : error instanceof InputFault
          ? 'BAD_USER_INPUT'
          : error instanceof RequestFault
            ? error.code
            : undefined;
    if (code === undefined || !(error instanceof Error)) throw error;
    return { status: 400, body: { errors: [{ message: error.message, extensions: { code } }] } };
  }
}

function chooseOperation({ operations }: DocumentNode, name: string | undefined): OperationNode {
  const chosen = name === undefined ? operations : operations.filter((operation) => operation.name === name);
  const [operation, another] = chosen;
  if (operation === undefined || another !== undefined) {
    throw new RequestFault(
      'OPERATION_RESOLUTION_FAILURE',
      'The document must have exactly one operation of this name.',
    );
  }
  return operation;
}

function coerceVariables<C>(
  schema: Schema<C>,
  { variables }: OperationNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const entries = variables.flatMap(({ name, type, defaultValue }) => {
    if (given[name] !== undefined)
      return [[name, readVariable(schema, type, given[name], `Variable "$${name}"`)] as const];
    if (defaultValue !== undefined)
      return [[name, readLiteral(schema, type, defaultValue, {}, `Variable "$${name}"`)] as const];
    if (type.endsWith('!')) throw new InputFault(`Variable "$${name}" of type "${type}" was not provided.`);
    return [];
  });
  return Object.fromEntries(entries);
}

/** Fields that are selected in all, so that fragments cannot multiply without end. */
const fieldLimit = 2_000;
const fragmentDepth = 10;

class Validator<C> {
  readonly #schema: Schema<C>;
  readonly #document: DocumentNode;
  readonly #variables: ReadonlyMap<string, string>;
  #fields = 0;

  constructor(schema: Schema<C>, document: DocumentNode, { variables }: OperationNode) {
    this.#schema = schema;
    this.#document = document;
    this.#variables = new Map(
      variables.map(({ name, type, defaultValue }) => [
        name,
        defaultValue === undefined || type.endsWith('!') ? type : `${type}!`,
      ]),
    );
  }

  selection(nodes: readonly SelectionNode[], on: string, depth: number): void {
    if (depth > fragmentDepth) throw this.#fault('Fragments are nested too deeply.');
    for (const node of nodes) {
      if (node.kind === 'field') {
        this.#field(node, on, depth);
        continue;
      }
      const fragment = node.kind === 'inline' ? node : this.#document.fragments.get(node.name);
      if (fragment === undefined) throw this.#fault('Unknown fragment.');
      const target = fragment.on ?? on;
      const possible = this.#schema.unions[on] ?? [on];
      if (!possible.includes(target) && target !== on)
        throw this.#fault(`A fragment on "${target}" cannot be spread on "${on}".`);
      this.selection(fragment.selection, target, depth + 1);
    }
  }

  #field({ name, args, selection }: FieldNode, on: string, depth: number): void {
    if (++this.#fields > fieldLimit) throw this.#fault('Too many fields.');
    if (name === '__typename') return;
    const field = own(own(this.#schema.objects, on), name);
    if (field === undefined) throw this.#fault(`Cannot query field "${name}" on type "${on}".`);
    const known = field.args ?? {};
    for (const [arg, value] of args) {
      const type = own(known, arg);
      if (type === undefined) throw this.#fault(`Unknown argument "${arg}" on field "${on}.${name}".`);
      if (value.kind === 'variable') this.#variable(value.name, type);
    }
    for (const [arg, type] of Object.entries(known)) {
      if (type.endsWith('!') && !args.some(([given]) => given === arg)) {
        throw this.#fault(
          `Field "${name}" argument "${arg}" of type "${type}" is required, but it was not provided.`,
        );
      }
    }
    const inner = namedType(field.type);
    const leaf = isScalar(inner) || inner in this.#schema.enums;
    if (leaf !== (selection === undefined)) {
      throw this.#fault(
        leaf
          ? `Field "${name}" must not have a selection.`
          : `Field "${name}" must have a selection of subfields.`,
      );
    }
    if (selection !== undefined) this.selection(selection, inner, depth);
  }

  #variable(name: string, wanted: string): void {
    const type = this.#variables.get(name);
    if (type === undefined) throw this.#fault(`Variable "$${name}" is not defined.`);
    if (!fits(typeRef(type), typeRef(wanted))) {
      throw this.#fault(`Variable "$${name}" of type "${type}" used in position expecting type "${wanted}".`);
    }
  }

  #fault(message: string): RequestFault {
    return new RequestFault('GRAPHQL_VALIDATION_FAILED', message);
  }
}

/** A property that an object has itself: names come from strangers. */
function own<T>(object: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function fits(type: TypeRef, wanted: TypeRef): boolean {
  if (wanted.kind === 'nonNull') return type.kind === 'nonNull' && fits(type.of, wanted.of);
  if (type.kind === 'nonNull') return fits(type.of, wanted);
  if (wanted.kind === 'list') return type.kind === 'list' && fits(type.of, wanted.of);
  return type.kind === 'named' && type.name === wanted.name;
}

type Path = readonly (string | number)[];

/** Says that a field that must not be null has no value; the nearest field that may be null takes it. */
const hole = Symbol('hole');

class Execution<C> {
  readonly #options: ExecuteOptions<C>;
  readonly #document: DocumentNode;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #errors: GraphqlError[] = [];

  constructor(
    options: ExecuteOptions<C>,
    document: DocumentNode,
    variables: Readonly<Record<string, unknown>>,
  ) {
    this.#options = options;
    this.#document = document;
    this.#variables = variables;
  }

  async run(selection: readonly SelectionNode[], root: string): Promise<GraphqlResult> {
    const data = await this.#object(selection, root, {}, []);
    const errors = this.#errors.length === 0 ? {} : { errors: this.#errors };
    return { status: 200, body: { ...errors, data: data === hole ? null : data } };
  }

  async #object(nodes: readonly SelectionNode[], on: string, source: unknown, path: Path): Promise<unknown> {
    const result = new Map<string, unknown>();
    for (const field of this.#fieldsOf(nodes, on)) {
      if (result.has(field.alias)) continue;
      const value = await this.#field(field, on, source, [...path, field.alias]);
      if (value === hole) return hole;
      result.set(field.alias, value);
    }
    return Object.fromEntries(result);
  }

  /** The fields that apply to a type, fragments opened. */
  #fieldsOf(nodes: readonly SelectionNode[], on: string): FieldNode[] {
    return nodes.flatMap((node) => {
      if (node.kind === 'field') return [node];
      const fragment = node.kind === 'inline' ? node : this.#document.fragments.get(node.name);
      return fragment === undefined || (fragment.on ?? on) !== on
        ? []
        : this.#fieldsOf(fragment.selection, on);
    });
  }

  async #field(
    { name, args, selection = [] }: FieldNode,
    on: string,
    source: unknown,
    path: Path,
  ): Promise<unknown> {
    const { schema, context, describe } = this.#options;
    if (name === '__typename') return on;
    const field = schema.objects[on]?.[name];
    if (field === undefined) return null;
    const type = typeRef(field.type);
    try {
      const given = args.map(([arg, node]) => [
        arg,
        readLiteral(schema, field.args?.[arg] ?? 'String', node, this.#variables, `Argument "${arg}"`),
      ]);
      const value = await field.resolve(source, Object.fromEntries(given), context);
      const completed = await this.#complete(type, value, selection, path);
      return completed === hole && type.kind !== 'nonNull' ? null : completed;
    } catch (error) {
      if (error instanceof InputFault) throw error;
      this.#errors.push({ ...describe(error), path });
      return type.kind === 'nonNull' ? hole : null;
    }
  }

  async #complete(
    type: TypeRef,
    value: unknown,
    selection: readonly SelectionNode[],
    path: Path,
  ): Promise<unknown> {
    if (type.kind === 'nonNull') {
      if (value === null || value === undefined)
        throw new Error(`Cannot return null for non-nullable field ${path.join('.')}.`);
      return this.#complete(type.of, value, selection, path);
    }
    if (value === null || value === undefined) return null;
    if (type.kind === 'list') {
      if (!Array.isArray(value)) throw new Error(`The field ${path.join('.')} is no list.`);
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) {
        const completed = await this.#complete(type.of, item, selection, [...path, index]);
        if (completed === hole && type.of.kind === 'nonNull') return hole;
        items.push(completed === hole ? null : completed);
      }
      return items;
    }
    const { schema } = this.#options;
    if (isScalar(type.name) || type.name in schema.enums)
      return value instanceof Date ? value.toISOString() : value;
    const on = type.name in schema.unions ? schema.typeOf(value) : type.name;
    return this.#object(selection, on, value, path);
  }
}
