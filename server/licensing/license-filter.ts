/** What a list of licenses is asked for, in the words of the database. */
import { type ExpressionBuilder, sql } from 'kysely';
import { dayMs, formatSeconds } from '../../base/clock.js';
import { contains } from '../input/listing.js';
import type { Tables } from '../records/tables.js';

/** Of the plan or added, and not removed. */
export function hasFeature(feature: string) {
  const quoted = JSON.stringify(feature);
  return sql<boolean>`(${contains('plans.features', quoted)} or ${contains('licenses.features', quoted)})
    and not ${contains('licenses.removedFeatures', quoted)}`;
}

/** As `licenseState`, in the words of the database. */
export function isInState(
  e: ExpressionBuilder<Tables, 'licenses' | 'plans'>,
  state: string,
  now: Date,
  graceDays: readonly number[],
) {
  if (state === 'suspended' || state === 'revoked') return e('licenses.status', '=', state);
  const active = e('licenses.status', '=', 'active');
  const before = (days: number) => formatSeconds(new Date(now.getTime() - days * dayMs));
  const trial = e.and([e('plans.trial', 'is not', null), e('plans.trial', '=', 1)]);
  const inTime = e('licenses.expiresAt', '>', before(0));
  if (state === 'trial') return e.and([active, inTime, trial]);
  if (state === 'active')
    return e.and([active, inTime, e.or([e('plans.trial', 'is', null), e('plans.trial', '=', 0)])]);
  const inGrace = e.and([
    e('licenses.expiresAt', '<=', before(0)),
    e.or(graceDays.map((days) => e.and([e('plans.graceDays', '=', days), e('licenses.expiresAt', '>', before(days))]))),
  ]);
  if (state === 'grace') return e.and([active, inGrace]);
  const ended = e.or([
    e.and([e('plans.graceDays', 'is', null), e('licenses.expiresAt', '<=', before(0))]),
    ...graceDays.map((days) => e.and([e('plans.graceDays', '=', days), e('licenses.expiresAt', '<=', before(days))])),
  ]);
  return e.and([active, ended]);
}
