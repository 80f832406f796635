/**
 * The community of a connector, or of a part of one: a client that gets webhooks has the connector's name in front.
 * @param connector as reports and events name it
 */
export function communityOf<Named extends { readonly name: string }>(
  connector: string,
  communities: readonly Named[],
): Named | undefined {
  const [owner] = communities
    .filter(({ name }) => connector === name || connector.startsWith(`${name}-`))
    .sort((a, b) => b.name.length - a.name.length);
  return owner;
}
