import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, describe, expect, test } from '@jest/globals';

import { readColumnMap } from '../src/push/columns.js';
import type { RowRules } from '../src/push/row-user.js';
import { openSource } from '../src/push/rows/open-source.js';
import { UserRows } from '../src/push/user-rows.js';
import { UsageError } from '../src/usage-error.js';
import { temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Rules extends Partial<Omit<RowRules, 'map'>> {
  readonly map?: readonly string[];
}

async function open(content: string | Uint8Array, name: string, { map = [], ...rules }: Rules = {}) {
  writeFileSync(folder.in(name), content);
  const source = await openSource(folder.in(name), undefined);
  try {
    const rows = await UserRows.open(source, {
      ...{ map: readColumnMap(map), allowStaff: false, emailsVerified: false },
      ...rules,
    });
    const all = [];
    for (let row = await rows.next(); row !== null; row = await rows.next()) all.push(row);
    return { rows: all, ignored: rows.ignored };
  } finally {
    await source.close();
  }
}

const csv = (content: string | Uint8Array, rules?: Rules) => open(content, 'users.csv', rules);
const jsonl = (lines: readonly unknown[], rules?: Rules) =>
  open(lines.map((line) => JSON.stringify(line)).join('\n'), 'users.jsonl', rules);

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('There was no problem.');
}

const ann = { id: '1', email: 'a@example.com', emailVerified: false };

describe('a CSV file', () => {
  test('every column becomes its field', async () => {
    const header =
      'id,email,email_verified,username,name,avatar_url,bio,website,location,title,locale,suspended,groups,badges,profile_url,custom.team';
    const row =
      '1,a@example.com,yes,ann,Ann,https://x.example.com/a.png,"Two\nlines",https://ann.example.com,Here,Boss,en,no,"makers, testers",gold,https://site.example.com/ann,blue';
    expect((await csv(`\ufeff${header}\n${row}\n`)).rows).toEqual([
      {
        line: 2,
        user: {
          ...{ id: '1', email: 'a@example.com', emailVerified: true, username: 'ann', name: 'Ann' },
          ...{
            avatarUrl: 'https://x.example.com/a.png',
            bio: 'Two\nlines',
            website: 'https://ann.example.com',
          },
          ...{
            location: 'Here',
            title: 'Boss',
            locale: 'en',
            suspended: false,
            groups: ['makers', 'testers'],
          },
          ...{ badges: ['gold'], profileUrl: 'https://site.example.com/ann', custom: { team: 'blue' } },
        },
      },
    ]);
  });

  test('names of columns may be written otherwise; unknown ones are left out and told', async () => {
    const { rows, ignored } = await csv('ID, E-Mail ,emailVerified,Shoe Size\n1,a@example.com,1,42\n');
    expect(rows).toEqual([{ line: 2, user: { ...ann, emailVerified: true } }]);
    expect(ignored).toEqual({ unknown: ['Shoe Size'], staff: [] });
  });

  test('an empty cell says nothing; an empty list says "none"', async () => {
    const { rows } = await csv('id,email,name,bio,groups,email_verified\n1,a@example.com,, ,,\n');
    expect(rows).toEqual([{ line: 2, user: { ...ann, groups: [] } }]);
  });

  test.each([
    [{}, false],
    [{ emailsVerified: true }, true],
  ])('an address is verified only if somebody says so: %j', async (rules, emailVerified) => {
    const { rows } = await csv('id,email\n1,a@example.com\n', rules);
    expect(rows).toEqual([{ line: 2, user: { ...ann, emailVerified } }]);
  });

  test('columns of staff count only when that is allowed', async () => {
    const content = 'id,email,admin,moderator\n1,a@example.com,true,false\n';
    const left = await csv(content);
    expect(left).toMatchObject({ rows: [{ user: ann }], ignored: { staff: ['admin', 'moderator'] } });
    expect(left.rows[0]).toEqual({ line: 2, user: ann });
    const { rows } = await csv(content, { allowStaff: true });
    expect(rows).toEqual([{ line: 2, user: { ...ann, admin: true, moderator: false } }]);
  });

  test('--map names columns, and takes the place of one with the name of the field', async () => {
    const { rows, ignored } = await csv('uid,email,new mail,squad\n1,old@example.com,a@example.com,blue\n', {
      map: ['uid=id', 'new mail=email', 'squad=custom.team'],
    });
    expect(rows).toEqual([{ line: 2, user: { ...ann, custom: { team: 'blue' } } }]);
    expect(ignored.unknown).toEqual(['email']);
  });

  test('everything that is wrong with a row is told, by column, and never its content', async () => {
    const { rows } = await csv(
      [
        'user id,email,email_verified,username,website',
        '1,nobody,maybe,"an\u001b[31mn",x',
        ' 2,b@example.com,,,',
        ',,,,',
        '3,c@example.com',
        '4,d@example.com,,"d"x,',
        `5,e@example.com,,${'n'.repeat(300)},`,
      ].join('\n'),
      { map: ['user id=id'] },
    );
    expect(rows).toEqual([
      {
        line: 2,
        faults: [
          { column: 'email_verified', fault: 'must be true or false' },
          { column: 'email', fault: 'must be an e-mail address' },
          { column: 'username', fault: 'must not hold control characters' },
        ],
      },
      { line: 3, faults: [{ column: 'user id', fault: 'begins or ends with a blank' }] },
      {
        line: 4,
        faults: [
          { column: 'id', fault: 'is missing' },
          { column: 'email', fault: 'is missing' },
        ],
      },
      { line: 5, faults: [{ fault: 'has 2 cells, and the header has 5' }] },
      { line: 6, faults: [{ fault: 'something stands between a closing quote and the next cell' }] },
      { line: 7, faults: [{ column: 'username', fault: expect.stringMatching(/255/) }] },
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/nobody|maybe|31m|nnnn/);
  });

  test('Latin-1 is recognised where it matters', async () => {
    const { rows } = await csv(
      Buffer.from('id,email,name\n1,a@example.com,Zo\xeb\n2,b@example.com,Bo\n', 'latin1'),
    );
    expect(rows).toEqual([
      { line: 2, faults: [{ column: 'name', fault: 'holds bytes that are not UTF-8' }] },
      { line: 3, user: { ...ann, id: '2', email: 'b@example.com', name: 'Bo' } },
    ]);
  });

  test.each([
    ['no required column', 'name\nAnn\n', [/no column "id".*--map <column>=id/, /no column "email"/], []],
    ['two columns for one field', 'id,ID,email\n1,1,a@example.com\n', [/"id" and "ID" are both for id/], []],
    [
      'a mapped column that is not there',
      'id,email\n',
      [/--map names the column "mail"/, /no column "email"/],
      ['mail=email'],
    ],
    ['nothing in it', '', [/empty/], []],
    ['no header', '"id\n', [/no header/], []],
  ])('a file with %s is refused before anything is sent', async (_, content, problems, map) => {
    expect(await problemsOf(csv(content, { map }))).toEqual(
      problems.map((pattern) => expect.stringMatching(pattern)),
    );
  });

  test('UTF-16 is refused', async () => {
    expect(await problemsOf(csv(Buffer.from('\ufeffid,email', 'utf16le')))).toEqual([
      expect.stringMatching(/UTF-16/),
    ]);
  });

  test.each([
    ['email', /write it as column=field/],
    ['=email', /write it as column=field/],
    ['mail=', /write it as column=field/],
    ['mail=e-mehl', /there is no field "e-mehl". There are: id, email,/],
    ['x=custom.__proto__', /there is no field/],
  ])('--map %s is refused', async (option, problem) => {
    expect(await problemsOf(csv('id,email\n', { map: [option] }))).toEqual([expect.stringMatching(problem)]);
  });
});

describe('a JSONL file', () => {
  test('fields by their names here or in CSV, lists and custom fields as such; null says nothing', async () => {
    const { rows, ignored } = await jsonl([
      {
        id: 1,
        email: 'a@example.com',
        emailVerified: true,
        groups: ['a', 'b'],
        custom: { team: 'x' },
        bio: null,
      },
      { id: '2', email: 'b@example.com', email_verified: 'no', groups: 'a,b', 'custom.team': 'y', bio: '' },
      { id: '3', email: 'c@example.com', admin: true, shoe: 42 },
    ]);
    expect(rows).toEqual([
      { line: 1, user: { ...ann, emailVerified: true, groups: ['a', 'b'], custom: { team: 'x' } } },
      {
        line: 2,
        user: {
          ...{ id: '2', email: 'b@example.com', emailVerified: false, bio: '' },
          groups: ['a', 'b'],
          custom: { team: 'y' },
        },
      },
      { line: 3, user: { id: '3', email: 'c@example.com', emailVerified: false } },
    ]);
    expect(ignored).toEqual({ unknown: ['shoe'], staff: ['admin'] });
  });

  test('what does not fit is told', async () => {
    const { rows } = await jsonl([
      { id: ['1'], email: 'a@example.com' },
      { id: '2', email: 'b@example.com', groups: 7, suspended: 'perhaps', custom: ['x'] },
      { id: '3', email: 'c@example.com', Email: 'd@example.com' },
      'text',
    ]);
    expect(rows).toEqual([
      { line: 1, faults: [{ column: 'id', fault: expect.any(String) }] },
      {
        line: 2,
        faults: [
          { column: 'suspended', fault: 'must be true or false' },
          { column: 'custom', fault: 'must be an object of texts' },
          { column: 'groups', fault: expect.any(String) },
        ],
      },
      { line: 3, faults: [{ column: 'Email', fault: 'is for the same as "email"' }] },
      { line: 4, faults: [{ fault: 'is JSON, but not an object' }] },
    ]);
  });

  test('names like __proto__ do no harm', async () => {
    writeFileSync(
      folder.in('proto.jsonl'),
      '{"id":"1","email":"a@example.com","__proto__":{"admin":true},"custom":{"__proto__":{"x":"y"},"constructor":"c"}}',
    );
    const source = await openSource(folder.in('proto.jsonl'), undefined);
    const rows = await UserRows.open(source, { map: new Map(), allowStaff: true, emailsVerified: false });
    const row = await rows.next();
    await source.close();
    expect(row).toEqual({ line: 1, user: { ...ann, custom: { constructor: 'c' } } });
    expect({}).not.toHaveProperty('admin');
  });
});

test('many takers share the rows without missing or repeating any', async () => {
  const content = `id,email\n${Array.from({ length: 5_000 }, (_, i) => `${i},p${i}@example.com`).join('\n')}`;
  writeFileSync(folder.in('many.csv'), content);
  const source = await openSource(folder.in('many.csv'), undefined);
  const rows = await UserRows.open(source, { map: new Map(), allowStaff: false, emailsVerified: false });
  const lines: number[] = [];
  const take = async (): Promise<void> => {
    for (let row = await rows.next(); row !== null; row = await rows.next()) lines.push(row.line);
  };
  await Promise.all(Array.from({ length: 16 }, take));
  await source.close();
  expect(rows.bytes).toBe(Buffer.byteLength(content));
  expect(lines.sort((a, b) => a - b)).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 2));
});

test('100,000 rows from a spreadsheet, with a mark at the beginning, CRLF and line ends in cells', async () => {
  const people = 100_000;
  const lines = Array.from({ length: people }, (_, i) => {
    const bio = i % 10 === 0 ? '"One line,\r\nand ""another"""' : 'One line';
    return `${i},${i === people - 1 ? 'nobody' : `p${i}@example.com`},${bio}`;
  });
  const content = `\ufeff"id","email","bio"\r\n${lines.join('\r\n')}\r\n`;
  const { rows } = await csv(content);
  expect(rows).toHaveLength(people);
  expect(rows[10]).toEqual({
    line: 13,
    user: { ...ann, id: '10', email: 'p10@example.com', bio: 'One line,\r\nand "another"' },
  });
  // One line for the header, and every tenth person has two.
  expect(rows.at(-1)).toEqual({
    line: 1 + people + people / 10,
    faults: [{ column: 'email', fault: expect.any(String) }],
  });
});

test('who waits for a row when the run is over waits no longer, whatever the file does', async () => {
  let gone = false;
  const open = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('id,email\n1,a@example.com\n');
      await new Promise(() => {});
    },
    destroy: () => {
      gone = true;
    },
  };
  const source = await openSource('-', 'csv', open);
  const rows = await UserRows.open(source, { map: new Map(), allowStaff: false, emailsVerified: false });
  expect(await rows.next()).toEqual({ line: 2, user: ann });
  const waiting = [rows.next(), rows.next()];
  rows.stop();
  expect(await Promise.all(waiting)).toEqual([null, null]);
  expect(await rows.next()).toBeNull();
  await source.close();
  expect(gone).toBe(true);
});

test('of what was read, nothing is kept, however long the file is', async () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('The garbage collector cannot be called.');
  const people = 100_000;
  const stdin = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('id,email\n');
      for (let id = 1; id <= people; id++) yield Buffer.from(`${id},a@example.com\n`);
    },
  };
  const source = await openSource('-', 'csv', stdin);
  const rows = await UserRows.open(source, { map: new Map(), allowStaff: false, emailsVerified: false });
  const held = async (howMany: number): Promise<number> => {
    for (let i = 0; i < howMany; i++) await rows.next();
    collect();
    return process.memoryUsage().heapUsed;
  };
  const early = await held(1_000);
  const late = await held(people - 2_000);
  expect(late - early).toBeLessThan(5_000_000);
  await source.close();
});

test.each([
  ['missing.csv', /cannot be read \(ENOENT\)/],
  ['.', /is a folder|ends neither/],
  ['users.txt', /ends neither in .csv nor in .jsonl/],
])('openSource refuses %s', async (name, problem) => {
  writeFileSync(folder.in('users.txt'), 'id');
  await expect(openSource(folder.in(name), undefined)).rejects.toThrow(problem);
});
