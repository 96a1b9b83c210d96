/** What the license of this host covers, what it no longer covers, and since when. For people: nothing is decided by it. */
import { z } from 'zod';
import { parseSeconds } from '../../base/clock.js';
import { namePattern } from '../../keys/roles.js';
import { type License, licenseStates } from '../../packs/license.js';

const time = z.string().refine((text) => parseSeconds(text) !== null);
const feature = z.string().regex(namePattern);

export const coverageSchema = z.strictObject({
  features: z.array(feature),
  state: z.enum(licenseStates),
  licenseExpiresAt: time,
  /** Features that an earlier document had, and when the first one without them was signed. */
  lost: z.array(z.strictObject({ feature, since: time })),
  /** What the server refuses this host, and since which update. */
  refusal: z.strictObject({ code: z.string(), since: time }).nullable(),
});

/** As the updates of this host have seen it come and go. */
export type Coverage = Readonly<z.infer<typeof coverageSchema>>;

export type CoverageChange =
  | { readonly what: 'feature-added' | 'feature-removed'; readonly feature: string }
  | { readonly what: 'state' | 'end'; readonly from: string; readonly to: string };

/** Refusals that are about the license or the seat of this host, and no trouble on the way. */
const lasting: readonly string[] = [
  'license-expired',
  'license-not-yet-valid',
  'license-revoked',
  'license-suspended',
  'seats-exhausted',
  'token-refused',
];

/** After a document was accepted. A feature that comes back is lost no more. */
export function coverageAfter(
  before: Coverage | null,
  license: Pick<License, 'features' | 'state' | 'licenseExpiresAt' | 'issuedAt'>,
): Coverage {
  const { features, state, licenseExpiresAt, issuedAt } = license;
  const gone = (before?.features ?? []).filter((name) => !features.includes(name));
  const lost = [
    ...(before?.lost ?? []).filter((one) => !features.includes(one.feature) && !gone.includes(one.feature)),
    ...gone.map((name) => ({ feature: name, since: issuedAt })),
  ].sort((a, b) => (a.feature < b.feature ? -1 : 1));
  return { features: [...features], state, licenseExpiresAt, lost, refusal: null };
}

/** After a server refused; anything else than a lasting refusal changes nothing. `at` is now. */
export function coverageRefused(before: Coverage | null, code: string, at: string): Coverage | null {
  if (before === null || !lasting.includes(code)) return before;
  return { ...before, refusal: before.refusal?.code === code ? before.refusal : { code, since: at } };
}

/** What people should hear of after an update; nothing for the first one. */
export function coverageChanges(before: Coverage | null, after: Coverage): CoverageChange[] {
  if (before === null) return [];
  const missing = (from: Coverage, in_: Coverage): string[] =>
    from.features.filter((name) => !in_.features.includes(name));
  return [
    ...missing(before, after).map((name) => ({ what: 'feature-removed' as const, feature: name })),
    ...missing(after, before).map((name) => ({ what: 'feature-added' as const, feature: name })),
    ...(before.state === after.state ? [] : [{ what: 'state' as const, from: before.state, to: after.state }]),
    ...(before.licenseExpiresAt === after.licenseExpiresAt
      ? []
      : [{ what: 'end' as const, from: before.licenseExpiresAt, to: after.licenseExpiresAt }]),
  ];
}
