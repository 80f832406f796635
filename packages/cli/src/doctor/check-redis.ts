import { error, type Finding, ok, warning } from './finding.js';
import { networkFault } from './network-fault.js';
import { probeRedis, type RedisInfo } from './redis-probe.js';

const about = 'Redis';

/** Looks whether a Redis answers, and whether it can be trusted with what is kept in it. */
export async function checkRedis(url: string): Promise<readonly Finding[]> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol)) {
    return [error(about, 'REDIS_URL is no address such as redis://localhost:6379.')];
  }
  try {
    return judge(await probeRedis(url));
  } catch (cause) {
    return [unusable(cause)];
  }
}

function unusable(cause: unknown): Finding {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  if (code === 'NOAUTH' || code === 'WRONGPASS') {
    return error(about, 'It does not accept the password in REDIS_URL.', 'Compare user name and password.');
  }
  // It works all the same, but does not let us look.
  if (code === 'NOPERM' || code === 'ERR') {
    return warning(
      about,
      'It answers, but does not let us look at its settings.',
      'Make sure that maxmemory-policy is noeviction.',
    );
  }
  const { text, fix } = networkFault(cause);
  return error(about, `It cannot be reached: ${text}.`, fix);
}

function judge(info: RedisInfo): readonly Finding[] {
  const findings: Finding[] = [];
  const version = info.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2)) {
    findings.push(error(about, `It is version ${version}; 6.2 is needed.`, 'Update it.'));
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    findings.push(
      warning(
        about,
        `It drops keys when its memory is full (maxmemory-policy ${policy}): a login answer could be used twice, and a session that was ended could come back.`,
        'Set maxmemory-policy to noeviction.',
      ),
    );
  }
  if (info.get('aof_enabled') === '0') {
    findings.push(
      warning(
        about,
        'It keeps no append-only file: a restart loses pushes that wait, and forgets which sessions were ended.',
        'Set appendonly yes, and for the queue appendfsync always.',
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(about, `Version ${version}; drops nothing, keeps an append-only file.`)];
}
