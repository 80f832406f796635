/** Most people whose logins are counted at a time. */
const capacity = 50_000;

/**
 * Counts each person's logins of the last minute in this process, so that nobody makes the site call Talkyard in a loop.
 * When there is no room left for another person, that login is refused too: forgetting somebody would lift their limit.
 *
 * @param limit logins a minute and person
 * @returns true when the login may go on, and is counted
 */
export function createLoginPace(limit: number, now: () => Date): (personId: string) => boolean {
  const logins = new Map<string, readonly number[]>();
  return (personId) => {
    const time = now().getTime();
    const recent = (logins.get(personId) ?? []).filter((at) => at > time - 60_000 && at <= time);
    if (recent.length >= limit) return false;
    if (!logins.has(personId) && logins.size >= capacity) {
      for (const [id, times] of logins) if (!times.some((at) => at > time - 60_000)) logins.delete(id);
      if (logins.size >= capacity) return false;
    }
    logins.set(personId, [...recent, time]);
    return true;
  };
}
