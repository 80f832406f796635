/** Names as Talkyard gets them: without blanks at the ends, long ones cut, but never within a character. */
export function asSent(name: string | undefined, limit: number): string | undefined {
  const trimmed = name?.trim() ?? '';
  if (trimmed === '') return undefined;
  return trimmed.length <= limit
    ? trimmed
    : trimmed
        .slice(0, limit)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd();
}
