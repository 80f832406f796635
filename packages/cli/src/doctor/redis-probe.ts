import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What a Redis says of itself: the lines of `INFO`. */
export type RedisInfo = ReadonlyMap<string, string>;

const deadline = 5_000;
const replyLimit = 1_000_000;

/**
 * Asks a Redis for `INFO`, over a connection of its own, so that no client need be installed.
 * @param url `redis://[user:password@]host[:port][/database]`, or `rediss:` with TLS
 * @throws Error that Redis answered with, or of the network
 */
export async function probeRedis(url: string): Promise<RedisInfo> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const place = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 6379 : Number(port) };
  const socket =
    protocol === 'rediss:' ? connectTls({ ...place, servername: place.host }) : connectPlain(place);
  try {
    if (password !== '') {
      const user = username === '' ? [] : [decodeURIComponent(username)];
      await command(socket, ['AUTH', ...user, decodeURIComponent(password)]);
    }
    return infoLines(await command(socket, ['INFO']));
  } finally {
    socket.destroy();
  }
}

function command(socket: Socket, parts: readonly string[]): Promise<string> {
  const request = [`*${parts.length}`, ...parts.flatMap((part) => [`$${Buffer.byteLength(part)}`, part])];
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const reply = readReply(received);
      if (reply !== undefined) finish(() => resolve(reply));
      else if (received[0] === 0x2d && received.includes('\r\n')) finish(() => reject(redisError(received)));
      else if (received.length > replyLimit) finish(() => reject(new Error('The reply is too long.')));
    };
    const onFault = (fault: Error): void => finish(() => reject(fault));
    const onEnd = (): void => onFault(new Error('The connection was closed.'));
    const timer = setTimeout(
      () => onFault(Object.assign(new Error('No answer.'), { code: 'ETIMEDOUT' })),
      deadline,
    );
    const finish = (then: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onFault).off('close', onEnd);
      then();
    };
    socket.on('data', onData).on('error', onFault).on('close', onEnd);
    socket.write(`${request.join('\r\n')}\r\n`);
  });
}

/** A simple or bulk text; undefined while it is not there in full. */
function readReply(bytes: Buffer): string | undefined {
  const end = bytes.indexOf('\r\n');
  if (end === -1) return undefined;
  const head = bytes.toString('utf8', 1, end);
  if (bytes[0] === 0x2b) return head;
  if (bytes[0] !== 0x24) return undefined;
  const start = end + 2;
  const length = Number(head);
  return bytes.length >= start + length + 2 ? bytes.toString('utf8', start, start + length) : undefined;
}

function redisError(bytes: Buffer): Error {
  const [code = 'ERR'] = bytes.toString('latin1', 1, 40).split(' ');
  return Object.assign(new Error('Redis refused it.'), { code });
}

function infoLines(text: string): RedisInfo {
  const pairs = text.split('\r\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return colon < 1 || line.startsWith('#') ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
  });
  return new Map(pairs);
}
