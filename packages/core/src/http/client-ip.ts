import { BlockList, isIP } from 'node:net';

import { readHeader, type SsoRequest } from './request.js';

/**
 * Makes a list of addresses and CIDR ranges (`10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`).
 * @returns the list, or the first entry that is no address
 */
export function addressList(entries: readonly string[]): BlockList | { readonly invalid: string } {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    const valid = /^\d{1,3}$/.test(prefix ?? '0') && bits <= (family === 4 ? 32 : 128);
    if (family === 0 || rest.length > 0 || !valid) return { invalid: entry };
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** True when the address is on the list; IPv4 addresses written as IPv6 (`::ffff:192.0.2.7`) match, too. */
export function isListed(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Who really sent the request: the socket's address, or, while that is a trusted proxy, the next entry of
 * `X-Forwarded-For` from the right. Everything left of the first address that is not trusted is the sender's word.
 */
export function clientIp(request: SsoRequest, trustedProxies: BlockList): string | undefined {
  let address = request.ip;
  if (address === undefined || !isListed(trustedProxies, address)) return address;
  const hops = (readHeader(request.headers, 'x-forwarded-for') ?? '').split(',').map((hop) => hop.trim());
  while (address !== undefined && isListed(trustedProxies, address)) {
    const hop = hops.pop();
    if (hop === undefined || isIP(hop) === 0) return address;
    address = hop;
  }
  return address;
}
