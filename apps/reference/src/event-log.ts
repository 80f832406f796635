import type { EventListener } from '@forum-sso/core';

/** Prints each event as one line: what an operator sees. Events hold no secret and no personal data. */
export function eventLog(write: (line: string) => void): EventListener {
  return ({ at, type, connector, ...details }) => {
    const facts = Object.entries(details)
      // The cause may be an error of the site's own code with anything in it.
      .filter(([name]) => name !== 'cause')
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    write([at.toISOString(), type, ...(connector === undefined ? [] : [connector]), ...facts].join('  '));
  };
}
