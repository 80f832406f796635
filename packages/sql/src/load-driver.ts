import { ForumSsoError } from '@forum-sso/core';

/**
 * Loads a driver that the site has to install.
 * @throws ForumSsoError `ERR_OPTIONS_INVALID` that names the package when it is not there or does not load
 */
export async function loadDriver<Driver>(
  caller: string,
  name: string,
  load: () => Promise<Driver>,
): Promise<Driver> {
  try {
    return await load();
  } catch (cause) {
    const problem = `${caller} needs the package "${name}", which could not be loaded: npm install ${name}`;
    throw new ForumSsoError('ERR_OPTIONS_INVALID', problem, { problems: [problem], cause });
  }
}
