import { type Environment, isForumSsoError } from '@forum-sso/core';

import { type ExitCode, exitCodes } from '../exit-codes.js';
import { type LoadedOptions, loadOptions, readVariables } from '../site/load-options.js';
import { type SetUpConnector, type SetUpSite, setUpSite } from '../site/target.js';
import { plain, plainJson } from '../terminal/plain.js';
import { UsageError } from '../usage-error.js';
import { checkCertificate } from './check-certificate.js';
import { checkClocks } from './check-clock.js';
import { checkDatabase } from './check-database.js';
import { checkDiscourseConnect, checkDiscourseLogin } from './check-discourse.js';
import { checkRedis } from './check-redis.js';
import { checkSecretFiles } from './check-secret-files.js';
import { checkSite } from './check-site.js';
import { error, type Finding, ok, warning } from './finding.js';
import { networkFault } from './network-fault.js';
import { type Observation, observedFetch } from './observed-fetch.js';

export interface DoctorArguments {
  readonly config?: string;
  readonly json?: boolean;
}

/** `forum-sso doctor`: looks at everything that can be looked at from here, and changes nothing. */
export async function doctor({ config, json = false }: DoctorArguments): Promise<ExitCode> {
  const findings = await examine(config);
  process.stdout.write(json ? `${plainJson({ findings }, 2)}\n` : render(findings));
  return findings.some(({ level }) => level === 'error') ? exitCodes.attention : exitCodes.ok;
}

async function examine(config: string | undefined): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const environment = orFindings(findings, () => readVariables(process.env)) ?? {};
  findings.push(...checkSecretFiles(process.env));
  const stores = checkStores(environment);

  const loaded = await load(config, findings);
  if (loaded !== null) {
    const { fetch: send, observations } = observedFetch(loaded.options.fetch ?? fetch);
    const site = orFindings(findings, () => setUpSite(loaded.options, send));
    if (site !== undefined) findings.push(...(await checkConnectors(site, observations)));
    const { baseUrl } = loaded.options;
    if (site !== undefined) {
      const base = baseUrl.replace(/\/+$/, '');
      const probe = { environment, baseUrl: base, fetch: send };
      const [first] = site.connectors;
      findings.push(
        ...(await Promise.all([checkDiscourseConnect(probe), checkDiscourseLogin(probe)])).filter(isFinding),
      );
      if (first !== undefined) findings.push(...(await checkSite(base, first.name, send)));
      if (
        loaded.options.store === undefined &&
        environment.DATABASE_URL === undefined &&
        environment.REDIS_URL === undefined
      ) {
        findings.push(
          warning(
            'store',
            'No database and no Redis is named: one-time values, ended sessions and removed people are forgotten with the process.',
            'Set DATABASE_URL or REDIS_URL, and give createForumSso the store.',
          ),
        );
      }
    }
    findings.push(...checkClocks(observations.values()));
    const origins = [...observations.keys()];
    findings.push(
      ...(await Promise.all(origins.map((origin) => checkCertificate(origin, new Date())))).filter(isFinding),
    );
    await loaded.close();
  }
  return [...findings, ...(await stores)];
}

/** Null when the options cannot be read; why stands in the findings. */
async function load(config: string | undefined, findings: Finding[]): Promise<LoadedOptions | null> {
  try {
    return await loadOptions({ config, folder: process.cwd(), variables: process.env, withStore: false });
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const known = new Set(findings.map(({ text }) => text));
    findings.push(
      ...cause.problems.filter((text) => !known.has(text)).map((text) => error('configuration', text)),
    );
    return null;
  }
}

/** Runs what may be refused with a list of problems; each becomes a finding. */
function orFindings<T>(findings: Finding[], work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    const problems =
      cause instanceof UsageError
        ? cause.problems
        : isForumSsoError(cause)
          ? cause.problems.length > 0
            ? cause.problems
            : [cause.detail]
          : null;
    if (problems === null) throw cause;
    findings.push(...problems.map((text) => error('configuration', text)));
    return undefined;
  }
}

async function checkConnectors(
  { connectors, warnings }: SetUpSite,
  observations: ReadonlyMap<string, Observation>,
): Promise<readonly Finding[]> {
  const checked: Finding[] = [];
  // One after the other, so that it is clear which of them a fault of the network belongs to.
  for (const connector of connectors) checked.push(...(await checkConnector(connector, observations)));
  return [
    ...checked,
    ...warnings.map(({ connector, detail }) => warning(connector ?? 'configuration', detail)),
  ];
}

async function checkConnector(
  { name, active }: SetUpConnector,
  observations: ReadonlyMap<string, Observation>,
): Promise<readonly Finding[]> {
  if (active.check === undefined) return [ok(name, 'Its options are right; there is nothing to ask it.')];
  const before = new Map(observations);
  try {
    const delivery = await active.check();
    if (delivery.done) {
      return [
        ok(name, 'It answers and accepts our keys.'),
        ...(delivery.notes ?? []).map((note) => warning(name, note)),
      ];
    }
    const { refused, detail } = delivery.refusal;
    const seen = [...observations.values()].find(
      (observation) => observation.fault !== null && before.get(observation.origin) !== observation,
    );
    const fault = seen === undefined ? undefined : networkFault(seen.fault);
    return [
      error(
        name,
        `${refused}: ${detail}${fault === undefined ? '' : ` ${seen?.origin}: ${fault.text}.`}`,
        fault?.fix,
      ),
    ];
  } catch (cause) {
    if (!isForumSsoError(cause)) throw cause;
    return [error(name, `${cause.code}: ${cause.detail}`)];
  }
}

async function checkStores({ REDIS_URL, DATABASE_URL }: Environment): Promise<readonly Finding[]> {
  const [redis, database] = await Promise.all([
    REDIS_URL === undefined ? [] : checkRedis(REDIS_URL),
    DATABASE_URL === undefined ? null : checkDatabase(DATABASE_URL),
  ]);
  return [...redis, ...(database === null ? [] : [database])];
}

function isFinding(value: Finding | null): value is Finding {
  return value !== null;
}

const marks = { ok: 'ok     ', warning: 'warning', error: 'ERROR  ' } as const;

function render(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, about, text, fix }) => [
    `${marks[level]}  ${plain(about, 40)}: ${plain(text, 2_000)}`,
    ...(fix === undefined ? [] : [`         ${plain(fix, 1_000)}`]),
  ]);
  const errors = findings.filter(({ level }) => level === 'error').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  return `${[...lines, `${errors} errors, ${warnings} warnings.`].join('\n')}\n`;
}
