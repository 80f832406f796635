/** A value in a document. */
export type ValueNode =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'string' | 'enum'; readonly value: string }
  | { readonly kind: 'int' | 'float'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'list'; readonly items: readonly ValueNode[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, value: ValueNode])[] };

export interface FieldNode {
  readonly kind: 'field';
  readonly alias: string;
  readonly name: string;
  readonly args: readonly (readonly [name: string, value: ValueNode])[];
  /** Undefined when there are no braces. */
  readonly selection: readonly SelectionNode[] | undefined;
}

export type SelectionNode =
  | FieldNode
  | { readonly kind: 'inline'; readonly on: string | undefined; readonly selection: readonly SelectionNode[] }
  | { readonly kind: 'spread'; readonly name: string };

export interface VariableNode {
  readonly name: string;
  /** `[ID!]!` */
  readonly type: string;
  readonly defaultValue: ValueNode | undefined;
}

export interface OperationNode {
  readonly operation: 'query' | 'mutation';
  readonly name: string | undefined;
  readonly variables: readonly VariableNode[];
  readonly selection: readonly SelectionNode[];
}

export interface DocumentNode {
  readonly operations: readonly OperationNode[];
  readonly fragments: ReadonlyMap<
    string,
    { readonly on: string; readonly selection: readonly SelectionNode[] }
  >;
}

/** The document is not GraphQL, or more of it than is understood here (directives, subscriptions). */
export class GraphqlSyntaxError extends Error {}

/** Deepest nesting of braces and brackets that is read. */
const depthLimit = 20;

const tokenPattern =
  /[\s,\ufeff]+|#[^\n\r]*|([_A-Za-z]\w*)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\\n\r]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(\.\.\.|[!$():=@[\]{}|&])/y;

interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'mark' | 'end';
  readonly text: string;
}

/** Reads a document of queries, mutations and fragments. */
export function parseDocument(source: string): DocumentNode {
  return new Reader(tokenize(source)).document();
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < source.length) {
    const match = tokenPattern.exec(source);
    if (match === null) throw new GraphqlSyntaxError('Syntax Error: Unexpected character.');
    const [, name, number, text, mark] = match;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined) tokens.push({ kind: 'string', text });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  document(): DocumentNode {
    const operations: OperationNode[] = [];
    const fragments = new Map<string, { on: string; selection: readonly SelectionNode[] }>();
    while (this.#peek().kind !== 'end') {
      if (this.#take('name', 'fragment')) {
        const name = this.#name();
        this.#expect('name', 'on');
        const on = this.#name();
        fragments.set(name, { on, selection: this.#selection() });
      } else {
        operations.push(this.#operation());
      }
    }
    if (operations.length === 0) throw this.#unexpected();
    return { operations, fragments };
  }

  #operation(): OperationNode {
    if (this.#peek().text === '{') {
      return { operation: 'query', name: undefined, variables: [], selection: this.#selection() };
    }
    const operation = this.#name();
    if (operation !== 'query' && operation !== 'mutation') throw this.#unexpected();
    const name = this.#peek().kind === 'name' ? this.#name() : undefined;
    const variables: VariableNode[] = [];
    if (this.#take('mark', '(')) {
      do {
        this.#expect('mark', '$');
        const variable = this.#name();
        this.#expect('mark', ':');
        const type = this.#type();
        variables.push({
          name: variable,
          type,
          defaultValue: this.#take('mark', '=') ? this.#value(true) : undefined,
        });
      } while (!this.#take('mark', ')'));
    }
    return { operation, name, variables, selection: this.#selection() };
  }

  #selection(): readonly SelectionNode[] {
    return this.#nested(() => {
      this.#expect('mark', '{');
      const nodes: SelectionNode[] = [];
      do nodes.push(this.#selected());
      while (!this.#take('mark', '}'));
      return nodes;
    });
  }

  #selected(): SelectionNode {
    if (this.#take('mark', '...')) {
      if (this.#take('name', 'on')) return { kind: 'inline', on: this.#name(), selection: this.#selection() };
      if (this.#peek().text === '{') return { kind: 'inline', on: undefined, selection: this.#selection() };
      return { kind: 'spread', name: this.#name() };
    }
    const first = this.#name();
    const name = this.#take('mark', ':') ? this.#name() : first;
    const args: (readonly [string, ValueNode])[] = [];
    if (this.#take('mark', '(')) {
      do {
        const arg = this.#name();
        this.#expect('mark', ':');
        args.push([arg, this.#value(false)]);
      } while (!this.#take('mark', ')'));
    }
    const selection = this.#peek().text === '{' ? this.#selection() : undefined;
    return { kind: 'field', alias: first, name, args, selection };
  }

  #type(): string {
    return this.#nested(() => {
      let type: string;
      if (this.#take('mark', '[')) {
        type = `[${this.#type()}]`;
        this.#expect('mark', ']');
      } else {
        type = this.#name();
      }
      return this.#take('mark', '!') ? `${type}!` : type;
    });
  }

  #value(constant: boolean): ValueNode {
    return this.#nested(() => {
      const { kind, text } = this.#peek();
      if (kind === 'mark' && text === '$' && !constant) {
        this.#at++;
        return { kind: 'variable', name: this.#name() };
      }
      if (kind === 'mark' && text === '[') {
        this.#at++;
        const items: ValueNode[] = [];
        while (!this.#take('mark', ']')) items.push(this.#value(constant));
        return { kind: 'list', items };
      }
      if (kind === 'mark' && text === '{') {
        this.#at++;
        const fields: (readonly [string, ValueNode])[] = [];
        while (!this.#take('mark', '}')) {
          const name = this.#name();
          this.#expect('mark', ':');
          fields.push([name, this.#value(constant)]);
        }
        return { kind: 'object', fields };
      }
      if (kind === 'mark' || kind === 'end') throw this.#unexpected();
      this.#at++;
      if (kind === 'number') return { kind: /[.eE]/.test(text) ? 'float' : 'int', value: Number(text) };
      if (kind === 'string') return { kind: 'string', value: String(JSON.parse(text)) };
      if (text === 'true' || text === 'false') return { kind: 'boolean', value: text === 'true' };
      return text === 'null' ? { kind: 'null' } : { kind: 'enum', value: text };
    });
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > depthLimit) throw new GraphqlSyntaxError('Syntax Error: Nested too deeply.');
    const result = read();
    this.#depth--;
    return result;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #name(): string {
    const { kind, text } = this.#peek();
    if (kind !== 'name') throw this.#unexpected();
    this.#at++;
    return text;
  }

  #take(kind: Token['kind'], text: string): boolean {
    const token = this.#peek();
    if (token.kind !== kind || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(kind: Token['kind'], text: string): void {
    if (!this.#take(kind, text)) throw this.#unexpected();
  }

  #unexpected(): GraphqlSyntaxError {
    const { kind, text } = this.#peek();
    return new GraphqlSyntaxError(
      `Syntax Error: Unexpected ${kind === 'end' ? 'end of the document' : `"${text}"`}.`,
    );
  }
}
