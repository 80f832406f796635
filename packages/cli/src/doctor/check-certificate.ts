import { connect } from 'node:tls';

import { error, type Finding, ok, warning } from './finding.js';
import { networkFault } from './network-fault.js';

const day = 86_400_000;
/** Days before the end of a certificate that is worth a word: most renew themselves a month ahead. */
const soon = 14;

/** Looks at the certificate of an https server, and at when it is over. */
export async function checkCertificate(origin: string, now: Date): Promise<Finding | null> {
  const url = new URL(origin);
  if (url.protocol !== 'https:') return null;
  const end = await endOfCertificate(url.hostname, url.port === '' ? 443 : Number(url.port));
  if (!(end instanceof Date)) {
    const { text, fix } = networkFault(end.fault);
    return error('https', `${origin}: ${text}.`, fix);
  }
  const days = Math.floor((end.getTime() - now.getTime()) / day);
  if (days < 0) return error('https', `The certificate of ${origin} is over.`, 'Renew it there.');
  if (days < soon) {
    return warning(
      'https',
      `The certificate of ${origin} ends in ${days} days.`,
      'See why it does not renew itself.',
    );
  }
  return ok('https', `The certificate of ${origin} is good for ${days} days.`);
}

function endOfCertificate(host: string, port: number): Promise<Date | { readonly fault: unknown }> {
  return new Promise((resolve) => {
    // Whether it is trusted is told by the calls; here only its end is of interest.
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false }, () => {
      resolve(new Date(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.setTimeout(10_000, () => {
      resolve({ fault: { code: 'ETIMEDOUT' } });
      socket.destroy();
    });
    socket.on('error', (fault) => resolve({ fault }));
  });
}
