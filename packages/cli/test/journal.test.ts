import { createSecretKey, randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';

import { afterAll, describe, expect, test } from '@jest/globals';

import { Digests, type JournalKey } from '../src/push/digests.js';
import { FaultLog } from '../src/push/fault-log.js';
import { Journal, type JournalTarget, readJournal } from '../src/push/journal.js';
import { temporaryFolder } from './support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const newKey = (): JournalKey => ({
  id: randomBytes(8).toString('hex'),
  key: createSecretKey(randomBytes(32)),
});
const key = newKey();
const target: JournalTarget = {
  ...{
    kind: 'discourse',
    connector: 'discourse',
    address: 'https://forum.example.com/admin/users/sync_sso.json',
  },
  keys: [key],
};
const person = (id: string) => ({ id, email: `${id}@example.com`, emailVerified: true, name: 'Ann Example' });

let files = 0;
const newPath = (): string => folder.in(`journal-${++files}`);

/** Writes a journal of so many people. */
function write(path: string, ids: readonly string[], mode: 'new' | 'resume' | 'fresh' = 'new') {
  const { journal, resumed, damagedLines } = Journal.open(path, target, mode);
  for (const id of ids) journal.sent(journal.digests.user(id), journal.digests.content(person(id)));
  journal.close();
  return { resumed, damagedLines };
}

/** What a later run makes of some people. */
function visit(path: string, ids: readonly string[], who: JournalTarget = target) {
  const { journal } = Journal.open(path, who, 'resume');
  try {
    return ids.map((id) =>
      journal.table.visit(journal.digests.user(id), journal.digests.content(person(id))),
    );
  } finally {
    journal.close();
  }
}

describe('the journal', () => {
  test('remembers who was sent with what', () => {
    const path = newPath();
    write(path, ['a', 'b']);
    expect(visit(path, ['a', 'b', 'c'])).toEqual(['unchanged', 'unchanged', 'new']);
    const { journal } = Journal.open(path, target, 'resume');
    const content = journal.digests.content({ ...person('a'), name: 'Ann Other' });
    expect(journal.table.visit(journal.digests.user('a'), content)).toBe('changed');
    journal.sent(journal.digests.user('a'), content);
    journal.close();
    expect(visit(path, ['a'])).toEqual(['changed']);
  });

  test('can be read by its owner alone, and holds nothing about anybody', () => {
    const path = newPath();
    write(path, ['ann-the-id']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toMatch(/ann|example|forum\.|Ann/i);
    expect(text).toMatch(/^forum-sso-push-journal 1 [\da-f]{16} [\da-f]{32}\n[\da-f]{15} [\da-f]{12}\n$/);
  });

  test('begun anew where others could read, it is its owner’s alone; so is the list of faults', () => {
    const [path, errors] = [newPath(), newPath()];
    write(path, ['a']);
    for (const file of [path, errors]) writeFileSync(file, '', { mode: 0o644 });
    for (const file of [path, errors]) chmodSync(file, 0o644);
    write(path, ['a'], 'fresh');
    new FaultLog(errors).close();
    for (const file of [path, errors]) expect(statSync(file).mode & 0o777).toBe(0o600);
    // What is no file keeps its rights: it belongs to everybody.
    const everybodys = statSync('/dev/null').mode;
    new FaultLog('/dev/null').close();
    expect(statSync('/dev/null').mode).toBe(everybodys);
  });

  test('its digests are keyed: another key gives others for the same', () => {
    const [one, other] = [new Digests(key), new Digests(newKey())];
    expect(one.user('a')).not.toBe(other.user('a'));
    expect(one.content(person('a'))).not.toBe(other.content(person('a')));
    expect(one.user('a')).toBe(new Digests(key).user('a'));
  });

  test('is not opened twice, begun anew by mistake, or taken for another', () => {
    const path = newPath();
    write(path, ['a']);
    expect(() => Journal.open(path, target, 'new')).toThrow(/journal already.*--resume.*--fresh/);
    const { journal } = Journal.open(path, target, 'resume');
    // The lock is this very process's: as if it were another one that still runs.
    writeFileSync(`${path}.lock`, `${process.ppid}\n`);
    expect(() => Journal.open(path, target, 'resume')).toThrow(
      /Another run \(process \d+\) uses the journal/,
    );
    journal.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    write(path, [], 'fresh');
    expect(visit(path, ['a'])).toEqual(['new']);
  });

  test('a lock that was left behind is taken over', () => {
    const path = newPath();
    for (const content of ['999999999\n', '', 'nonsense', `${process.pid}\n`]) {
      writeFileSync(`${path}.lock`, content);
      write(path, ['a'], 'resume');
    }
    expect(visit(path, ['a'])).toEqual(['unchanged']);
  });

  test.each([
    ['another address', { address: 'https://other.example.com/admin/users/sync_sso.json' }],
    ['another connector', { connector: 'second-forum' }],
    ['another kind of community', { kind: 'talkyard' }],
  ])('of %s, it is refused', (_, change) => {
    const path = newPath();
    write(path, ['a']);
    const other = { ...target, ...change };
    for (const open of [() => Journal.open(path, other, 'resume'), () => readJournal(path, other)]) {
      expect(open).toThrow(/belongs to another community/);
    }
    expect(visit(path, ['a'])).toEqual(['unchanged']);
  });

  test('survives a change of keys as long as the old one is still given', () => {
    const path = newPath();
    write(path, ['a']);
    const fresh = newKey();
    expect(visit(path, ['a'], { ...target, keys: [fresh, key] })).toEqual(['unchanged']);
    expect(() => Journal.open(path, { ...target, keys: [fresh] }, 'resume')).toThrow(/FORUM_SSO_KEYS/);
  });

  test.each([
    ['in the middle of the last line', (text: string) => text.slice(0, -9), ['unchanged', 'new']],
    ['right before the last line end', (text: string) => text.slice(0, -1), ['unchanged', 'new']],
    ['within the first line', (text: string) => text.slice(0, 30), ['new', 'new']],
    ['at the very beginning', () => '', ['new', 'new']],
  ])('cut off %s, it is mended, and goes on', (_, cut, expected) => {
    const path = newPath();
    write(path, ['a', 'b']);
    writeFileSync(path, cut(readFileSync(path, 'utf8')));
    expect(visit(path, ['a', 'b'])).toEqual(expected);
    write(path, ['c'], 'resume');
    expect(visit(path, ['a', 'b', 'c'])).toEqual([...expected, 'unchanged']);
  });

  test('lines that cannot be read are counted, and cost nobody else', () => {
    const path = newPath();
    write(path, ['a']);
    appendFileSync(path, '\0\0\0\0\nffffffffffffff 000000000000\nfffffffffffffff ffffffffffff\n');
    expect(write(path, ['b'], 'resume')).toEqual({ resumed: 1, damagedLines: 3 });
    expect(visit(path, ['a', 'b'])).toEqual(['unchanged', 'unchanged']);
  });

  test.each([
    ['something else', 'id,email\n1,a@example.com\n'],
    ['something long without a line end', 'x'.repeat(100_000)],
    ['a later version', 'forum-sso-push-journal 2 0000000000000000 00000000000000000000000000000000\n'],
  ])('a file that is %s is left alone', (_, content) => {
    const path = newPath();
    writeFileSync(path, content);
    expect(() => Journal.open(path, target, 'resume')).toThrow(/is not a journal/);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('is written anew when most of it is outdated', () => {
    const path = newPath();
    const { journal } = Journal.open(path, target, 'new');
    const user = journal.digests.user('a');
    for (let i = 0; i < 10_100; i++)
      journal.sent(user, journal.digests.content({ ...person('a'), name: `Ann ${i}` }));
    journal.sent(user, journal.digests.content(person('a')));
    journal.close();
    expect(visit(path, ['a', 'b'])).toEqual(['unchanged', 'new']);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('a folder that is not there is told', () => {
    expect(() => Journal.open(folder.in('none/journal'), target, 'new')).toThrow(
      /cannot be written \(ENOENT\)/,
    );
  });
});
