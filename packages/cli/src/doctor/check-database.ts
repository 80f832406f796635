import { openStore } from '../site/open-store.js';
import { UsageError } from '../usage-error.js';
import { error, type Finding, ok, warning } from './finding.js';

const about = 'database';

/** Looks whether the database answers and has our tables. Changes nothing in it. */
export async function checkDatabase(url: string): Promise<Finding> {
  try {
    const { store, close } = await openStore(url);
    try {
      if (store.people === undefined) {
        return warning(
          about,
          'It answers, but this version keeps nobody in it who was removed.',
          'Update @forum-sso/sql.',
        );
      }
      await store.people.standing('forum-sso-doctor');
      return ok(about, 'It answers and has our tables.');
    } catch {
      return error(
        about,
        'It answers, but our tables cannot be read.',
        'Start the site once (its store makes them), or call migrateToLatest; may its user read them?',
      );
    } finally {
      await close();
    }
  } catch (cause) {
    if (cause instanceof UsageError) return error(about, cause.message);
    return error(about, 'DATABASE_URL cannot be opened.', 'Compare the address; is the server running?');
  }
}
