/** The command cannot begin. Each problem is a sentence that says what to change; none holds a secret. */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[]) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.join('\n'));
    this.name = 'UsageError';
    this.problems = list;
  }
}
