import { isObject } from '../token/decode.js';
import type { ValueNode } from './document.js';
import { isScalar, type Schema, type TypeRef, typeRef } from './type-system.js';

/** A value does not fit its type. */
export class InputFault extends Error {}

/**
 * Reads a variable's value against its type, as GraphQL's rules of coercion say (September 2025 edition,
 * section 3).
 * @throws InputFault
 */
export function readVariable<C>(schema: Schema<C>, type: string, value: unknown, where: string): unknown {
  return read(schema, typeRef(type), value, where, false);
}

/**
 * Reads a value that stands in the document.
 * @param variables the variables, read before
 * @throws InputFault
 */
export function readLiteral<C>(
  schema: Schema<C>,
  type: string,
  node: ValueNode,
  variables: Readonly<Record<string, unknown>>,
  where: string,
): unknown {
  return read(schema, typeRef(type), plain(node, variables), where, true);
}

/** An enum's value in a document, which has no quotes there. */
class EnumWord {
  constructor(readonly word: string) {}
}

function plain(node: ValueNode, variables: Readonly<Record<string, unknown>>): unknown {
  switch (node.kind) {
    case 'variable':
      return variables[node.name];
    case 'enum':
      return new EnumWord(node.value);
    case 'null':
      return null;
    case 'list':
      return node.items.map((item) => plain(item, variables));
    case 'object':
      return Object.fromEntries(node.fields.map(([name, value]) => [name, plain(value, variables)]));
    default:
      return node.value;
  }
}

function read<C>(schema: Schema<C>, ref: TypeRef, value: unknown, where: string, literal: boolean): unknown {
  if (ref.kind === 'nonNull') {
    if (value === undefined || value === null) throw new InputFault(`${where} must not be null.`);
    return read(schema, ref.of, value, where, literal);
  }
  if (value === undefined || value === null) return value;
  if (ref.kind === 'list') {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item, index) => read(schema, ref.of, item, `${where}[${index}]`, literal));
  }
  return readNamed(schema, ref.name, value, where, literal);
}

function readNamed<C>(
  schema: Schema<C>,
  name: string,
  value: unknown,
  where: string,
  literal: boolean,
): unknown {
  const words = schema.enums[name];
  if (words !== undefined) {
    const word = value instanceof EnumWord ? value.word : value;
    if (typeof word !== 'string' || !words.includes(word))
      throw new InputFault(`${where} is no value of ${name}.`);
    return word;
  }
  const fields = schema.inputs[name];
  if (fields !== undefined) {
    if (!isObject(value) || value instanceof EnumWord)
      throw new InputFault(`${where} must be of the type ${name}.`);
    for (const field of Object.keys(value)) {
      if (!Object.hasOwn(fields, field)) throw new InputFault(`${where}: ${name} has no field ${field}.`);
    }
    const entries = Object.entries(fields).map(([field, type]) => [
      field,
      read(schema, typeRef(type), value[field], `${where}.${field}`, literal),
    ]);
    return Object.fromEntries(entries);
  }
  if (!isScalar(name)) throw new InputFault(`${name} is no type for an input.`);
  return readScalar(name, value, where);
}

function readScalar(name: string, value: unknown, where: string): unknown {
  if (name === 'Boolean' && typeof value === 'boolean') return value;
  if (name === 'Int' && Number.isInteger(value) && Math.abs(Number(value)) <= 0x7fff_ffff) return value;
  if (name === 'ID' && Number.isInteger(value)) return String(value);
  if (name !== 'Boolean' && name !== 'Int' && typeof value === 'string') return value;
  throw new InputFault(`${where} must be of the type ${name}.`);
}
