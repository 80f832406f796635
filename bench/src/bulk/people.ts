import { closeSync, openSync, writeSync } from 'node:fs';

const columns = [
  'id',
  'email',
  'email_verified',
  'username',
  'name',
  'website',
  'location',
  'groups',
] as const;

/** One person of the file, as its cells. */
function cells(id: number): readonly string[] {
  return [
    String(id),
    `person${id}@example.com`,
    'true',
    `person${id}`,
    `Person Number ${id}`,
    `https://person${id}.example.com/`,
    'Utrecht',
    id % 3 === 0 ? '"makers,testers"' : 'makers',
  ];
}

/** Writes a CSV file of so many people. */
export function writePeople(path: string, howMany: number): void {
  const fd = openSync(path, 'w');
  let text = `${columns.join(',')}\n`;
  for (let id = 1; id <= howMany; id++) {
    text += `${cells(id).join(',')}\n`;
    if (text.length > 1_000_000) {
      writeSync(fd, text);
      text = '';
    }
  }
  writeSync(fd, text);
  closeSync(fd);
}
