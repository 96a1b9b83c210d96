import type { CoverageChange } from '../../scanner/state/coverage.js';
import { type EndpointState, withdrawnWords } from '../../scanner/active/flags.js';
import { type AcceptedPack, packKey } from '../../scanner/state/pointer.js';
import { printable } from '../output.js';

const works = 'detection goes on with the packs in use';

/** Why no new packs come, by the code of the refusal. */
const refusals: Readonly<Record<string, string>> = {
  'license-expired': `the license has expired: no new packs come; ${works}, and a renewal brings it up to date`,
  'license-not-yet-valid': 'the license has not started: packs come with the first update after its start',
  'license-revoked': `the license is revoked, for ever: no new packs come; ${works}`,
  'license-suspended': `the license is suspended: no new packs come until it is resumed; ${works}`,
  'seats-exhausted': `no seat is free for this host: no new packs come until one is freed or bought; ${works}`,
  'token-refused': `the server does not know this host any more: activate it again; until then ${works}`,
};

/** What the license covers, until when, what it no longer covers, and what that means. Lines for people. */
export function coverageWords({ license, lastUpdate, pointer }: EndpointState, now: Date): string[] {
  if (license === null) return ['no license document has been accepted yet: run yms update'];
  const { license: id, customer, state, features, licenseExpiresAt, expiresAt } = license;
  const refusal = lastUpdate?.coverage?.refusal ?? null;
  const covers = features.length === 0 ? 'nothing' : features.join(', ');
  const isRefused = refusal !== null && Object.hasOwn(refusals, refusal.code);
  return [
    `license ${id} of ${printable(customer.name)} ${isRefused ? 'covered' : `is ${stateWords[state]} and covers`} ${covers}`,
    ...(isRefused
      ? [`  since ${refusal.since}: ${refusals[refusal.code] ?? ''}`]
      : validityWords({ state, licenseExpiresAt, expiresAt }, now)),
    ...lostFeatures({ lastUpdate, pointer }).map(({ feature, since, packs }) => lostWords(feature, since, packs)),
    ...pointer.withdrawn.map((pack) => `${packKey(pack)}: ${withdrawnWords(pack)}`),
  ];
}

const stateWords = {
  trial: 'a trial',
  active: 'active',
  grace: 'in its grace time',
  expired: 'expired',
  suspended: 'suspended',
  revoked: 'revoked',
} as const;

function validityWords(
  {
    state,
    licenseExpiresAt,
    expiresAt,
  }: { state: keyof typeof stateWords; licenseExpiresAt: string; expiresAt: string },
  now: Date,
): string[] {
  const isSilent = expiresAt <= now.toISOString();
  const end =
    state === 'grace'
      ? `it ended at ${licenseExpiresAt} and is served until ${expiresAt} at least; after its grace time no new packs come and ${works}: renew it`
      : `it ends at ${licenseExpiresAt}; from then on no new packs come, and ${works}`;
  return [
    `  ${end}`,
    isSilent
      ? `  this host should have heard of it again before ${expiresAt}; it has not, and ${works}: find out why updates fail`
      : `  this host must hear of it again before ${expiresAt}`,
  ];
}

export interface LostFeature {
  readonly feature: string;
  /** When the first document without it was signed. */
  readonly since: string;
  /** Those that stay in use. */
  readonly packs: readonly AcceptedPack[];
}

/** Features that this host once had by its license, with what stays of them. */
export function lostFeatures({ lastUpdate, pointer }: Pick<EndpointState, 'lastUpdate' | 'pointer'>): LostFeature[] {
  return (lastUpdate?.coverage?.lost ?? []).map(({ feature, since }) => ({
    feature,
    since,
    packs: pointer.packs.filter((pack) => pack.feature === feature),
  }));
}

function lostWords(feature: string, since: string, packs: readonly AcceptedPack[]): string {
  const kept = packs.map((pack) => `${packKey(pack)} ${pack.version}`).join(', ');
  const stays =
    packs.length === 0
      ? 'none of its packs is installed'
      : `its ${packs.length === 1 ? 'pack' : 'packs'} ${kept} ${packs.length === 1 ? 'stays' : 'stay'} in use, frozen`;
  return `no longer covered: ${feature} (removed from the license by ${since}); ${stays}`;
}

/** One line for each thing that is other than at the update before. */
export function changeWords(changes: readonly CoverageChange[]): string[] {
  return changes.map((change) => {
    switch (change.what) {
      case 'feature-added':
        return `newly covered: ${change.feature}`;
      case 'feature-removed':
        return `no longer covered: ${change.feature}, removed from the license; what is installed of it stays in use, frozen`;
      case 'state':
        return `the license was ${change.from} and is ${change.to} now`;
      case 'end':
        return `the license ended at ${change.from} and ends at ${change.to} now`;
    }
  });
}
