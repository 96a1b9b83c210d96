import type { LicenseState } from '../../packs/license.js';
import { ServerError } from '../error.js';

/** What an admin does to a license. */
export const licenseActs = ['renew', 'extend', 'upgrade', 'transfer', 'suspend', 'resume', 'revoke'] as const;
export type LicenseAct = (typeof licenseActs)[number];

type Moves = Readonly<Partial<Record<LicenseState, readonly LicenseState[]>>>;

const stay: Moves = { trial: ['trial'], active: ['active'], grace: ['grace'], expired: ['expired'] };

/**
 * Every state that a license can be in, what moves it, and where to; `clock` is time alone. What is not in this table
 * does not happen. docs/licensing.md shows the same table, and a test compares them.
 */
export const transitions: Readonly<Record<LicenseAct | 'clock', Moves>> = {
  clock: { trial: ['grace', 'expired'], active: ['grace', 'expired'], grace: ['expired'] },
  renew: { active: ['active'], grace: ['active'], expired: ['active'] },
  extend: {
    trial: ['trial'],
    active: ['active'],
    grace: ['trial', 'active'],
    expired: ['trial', 'active'],
  },
  upgrade: { trial: ['active'], active: ['active'], grace: ['active'], expired: ['active'] },
  transfer: stay,
  suspend: { trial: ['suspended'], active: ['suspended'], grace: ['suspended'], expired: ['suspended'] },
  resume: { suspended: ['trial', 'active', 'grace', 'expired'] },
  revoke: {
    trial: ['revoked'],
    active: ['revoked'],
    grace: ['revoked'],
    expired: ['revoked'],
    suspended: ['revoked'],
  },
};

/** The acts that may be done to a license in this state, for those who offer them as buttons. */
export function actsFrom(state: LicenseState): LicenseAct[] {
  return licenseActs.filter((act) => transitions[act][state] !== undefined);
}

/** @throws ServerError `transition-refused` */
export function requireTransition(act: LicenseAct, state: LicenseState, subject: string): void {
  if (transitions[act][state] === undefined)
    throw new ServerError(
      'transition-refused',
      `${subject}: expected state ${Object.keys(transitions[act]).join(' or ')} to ${act}, got ${state}`,
      state === 'revoked' ? { hint: 'a revoked license never comes back; sell another' } : {},
    );
}
