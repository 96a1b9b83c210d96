import { describe, expect, test } from 'vitest';
import { dayMs } from '../../../base/clock.js';
import { licenseEnd, licenseState, type LicenseTerms } from '../../../server/licensing/license-state.js';
import { requireUsable } from '../../../server/licensing/sold-license.js';
import { expectCode } from '../../support/expect-code.js';

const terms = (status: LicenseTerms['status'] = 'active') => ({
  id: 'lic-1',
  status,
  notBefore: '2026-01-01T00:00:00Z',
  expiresAt: '2026-02-01T00:00:00Z',
});
const at = (time: string) => new Date(time);
const grace = { trial: false, graceMs: 7 * dayMs };

describe('the state of a license', () => {
  test.each([
    ['active', 'active', '2026-01-31T23:59:59Z', undefined],
    ['active', 'expired', '2026-02-01T00:00:00Z', undefined],
    ['active', 'grace', '2026-02-01T00:00:00Z', grace],
    ['active', 'grace', '2026-02-07T23:59:59Z', grace],
    ['active', 'expired', '2026-02-08T00:00:00Z', grace],
    ['active', 'trial', '2026-01-15T00:00:00Z', { trial: true, graceMs: 0 }],
    ['suspended', 'suspended', '2026-01-15T00:00:00Z', grace],
    ['suspended', 'suspended', '2026-03-15T00:00:00Z', undefined],
    ['revoked', 'revoked', '2026-01-15T00:00:00Z', undefined],
  ] as const)('%s is %s at %s', (status, state, now, plan) => {
    expect(licenseState(terms(status), at(now), plan)).toBe(state);
  });

  test('decides whether it may be used', async () => {
    expect(requireUsable(terms(), at('2026-01-01T00:00:00Z')).state).toBe('active');
    expect(requireUsable(terms(), at('2026-02-02T00:00:00Z'), grace).state).toBe('grace');
    await expectCode('license-not-started', () => requireUsable(terms(), at('2025-12-31T23:59:59Z')));
    await expectCode('license-expired', () => requireUsable(terms(), at('2026-02-01T00:00:00Z')));
    await expectCode('license-suspended', () => requireUsable(terms('suspended'), at('2026-01-15T00:00:00Z')));
    await expectCode('license-revoked', () => requireUsable(terms('revoked'), at('2026-01-15T00:00:00Z')));
  });

  test('ends with its grace', () => {
    expect(licenseEnd(terms()).toISOString()).toBe('2026-02-01T00:00:00.000Z');
    expect(licenseEnd(terms(), grace).toISOString()).toBe('2026-02-08T00:00:00.000Z');
  });
});
