import { describe, expect, test } from 'vitest';
import { type Coverage, coverageAfter, coverageChanges, coverageRefused } from '../../../scanner/state/coverage.js';

const [monday, tuesday, end] = ['2026-07-06T00:00:00Z', '2026-07-07T00:00:00Z', '2027-07-01T00:00:00Z'];
const license = (features: string[], issuedAt: string, state: Coverage['state'] = 'active') => ({
  features,
  state,
  issuedAt,
  licenseExpiresAt: end,
});

describe('what is covered', () => {
  test('is the features of the newest document; nothing was lost before the first', () => {
    expect(coverageAfter(null, license(['ioc', 'sigma'], monday))).toEqual({
      features: ['ioc', 'sigma'],
      state: 'active',
      licenseExpiresAt: end,
      lost: [],
      refusal: null,
    });
  });

  test('lost features keep the day on which they went, until they come back', () => {
    const first = coverageAfter(null, license(['ioc', 'premium', 'sigma'], monday));
    const second = coverageAfter(first, license(['sigma'], tuesday));
    const lost = ['ioc', 'premium'].map((feature) => ({ feature, since: tuesday }));
    expect(second.lost).toEqual(lost);
    expect(coverageAfter(second, license(['sigma'], end)).lost).toEqual(lost);
    expect(coverageAfter(second, license(['ioc', 'sigma'], end)).lost).toEqual(lost.slice(1));
    expect(coverageAfter(second, license([], end)).lost).toEqual([...lost, { feature: 'sigma', since: end }]);
  });

  test('a refusal keeps its first time; trouble on the way is none; a document ends it', () => {
    const known = coverageAfter(null, license(['sigma'], monday));
    expect(coverageRefused(null, 'license-revoked', monday)).toBeNull();
    expect(coverageRefused(known, 'http-timeout', monday)).toBe(known);
    const refused = coverageRefused(known, 'license-suspended', monday);
    expect(refused?.refusal).toEqual({ code: 'license-suspended', since: monday });
    expect(coverageRefused(refused, 'license-suspended', tuesday)?.refusal?.since).toBe(monday);
    expect(coverageRefused(refused, 'license-revoked', tuesday)?.refusal?.since).toBe(tuesday);
    expect(coverageAfter(refused, license(['sigma'], tuesday)).refusal).toBeNull();
  });

  test('changes are told once, and not for the first document', () => {
    const first = coverageAfter(null, license(['ioc', 'sigma'], monday, 'trial'));
    expect(coverageChanges(null, first)).toEqual([]);
    const second = coverageAfter(first, { ...license(['premium', 'sigma'], tuesday), licenseExpiresAt: tuesday });
    expect(coverageChanges(first, second)).toEqual([
      { what: 'feature-removed', feature: 'ioc' },
      { what: 'feature-added', feature: 'premium' },
      { what: 'state', from: 'trial', to: 'active' },
      { what: 'end', from: end, to: tuesday },
    ]);
    expect(coverageChanges(second, second)).toEqual([]);
  });
});
