/**
 * `fetch` for a site beside emulators. Browsers take every name below `localhost` for this machine; other programs ask
 * the system, which often does not know it. Requests to an emulator therefore go to the address it listens on.
 *
 * @param origins of the emulators, as browsers see them
 */
export function fetchEmulators(origins: readonly string[]): typeof fetch {
  const local = new Set(origins);
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!local.has(url.origin)) return fetch(input, init);
    url.hostname = '127.0.0.1';
    return fetch(input instanceof Request ? new Request(url, input) : url, init);
  };
}
