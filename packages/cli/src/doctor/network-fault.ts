/** What a code of Node's network means, and what to do. */
const faults: Readonly<Record<string, readonly [text: string, fix: string]>> = {
  ENOTFOUND: ['its name is not known to the DNS', 'Compare the address.'],
  EAI_AGAIN: ['the DNS did not answer', 'Look at the network of this machine.'],
  ECONNREFUSED: ['nothing listens there', 'Compare host and port; is the server running?'],
  ECONNRESET: ['the connection was cut off', 'Look at proxies and firewalls between here and there.'],
  ETIMEDOUT: ['nobody answered in time', 'Look at firewalls between here and there.'],
  UND_ERR_CONNECT_TIMEOUT: ['nobody answered in time', 'Look at firewalls between here and there.'],
  EHOSTUNREACH: ['there is no way to it from here', 'Look at the network of this machine.'],
  CERT_HAS_EXPIRED: ['its certificate is over', 'Renew the certificate there.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    'its certificate is signed by nobody else',
    'Give it a certificate of a known authority, or start Node with NODE_EXTRA_CA_CERTS.',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its certificate comes from an authority that is not known here',
    'Start Node with NODE_EXTRA_CA_CERTS.',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its server does not send the intermediate certificates',
    'Configure the full chain there.',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'Compare the address with the certificate.',
  ],
  EPROTO: ['it does not speak TLS there', 'Is it https? Compare scheme and port.'],
  TimeoutError: ['nobody answered in time', 'Look at firewalls between here and there.'],
};

/** Why a call did not get through, in words; the code itself where there are none for it. */
export function networkFault(cause: unknown): { readonly text: string; readonly fix: string } {
  const codes = codesIn(cause);
  const known = codes.map((code) => faults[code]).find((fault) => fault !== undefined);
  const [text, fix] = known ?? [
    `the call failed (${codes[0] ?? 'for an unknown reason'})`,
    'Look at the network.',
  ];
  return { text, fix };
}

/** The error's own code and those of its causes, outermost first. */
function codesIn(cause: unknown): readonly string[] {
  const codes: string[] = [];
  for (let error = cause, depth = 0; typeof error === 'object' && error !== null && depth < 5; depth++) {
    if ('code' in error && typeof error.code === 'string') codes.push(error.code);
    if ('name' in error && error.name === 'TimeoutError') codes.push('TimeoutError');
    const next: unknown = 'cause' in error ? error.cause : undefined;
    error = next;
  }
  return codes;
}
