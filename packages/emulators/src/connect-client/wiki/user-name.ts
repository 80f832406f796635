/** The wiki cannot make a name of a page, and so of a person, out of it. */
export class UnusableName extends Error {
  constructor(name: string) {
    super(`Unable to make a valid username from '${name}'.`);
    this.name = 'UnusableName';
  }
}

/**
 * A user name of the forum as the wiki has it: the first letter is upper-cased, `_` becomes a blank, `#` and what follows
 * is cut, a namespace in front is taken away.
 * @throws UnusableName for what cannot be the title of a page or the name of a person
 */
export function wikifyUserName(forumName: string): string {
  const title = (forumName.split('#')[0] ?? '')
    .replace(/^user(?: talk|_talk)?:/i, '')
    .replace(/[_\s]+/g, ' ')
    .trim();
  if (title === '' || /[<>[\]{}|/@:=]/.test(title) || title.includes('\u{fffd}'))
    throw new UnusableName(forumName);
  if (/^\d{1,3}(?:\.(?:\d{1,3}|xxx)){3}$/i.test(title)) throw new UnusableName(forumName);
  const [first = '', ...rest] = title;
  return first.toUpperCase() + rest.join('');
}
