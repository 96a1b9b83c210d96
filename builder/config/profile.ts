export const ruleLevels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type RuleLevel = (typeof ruleLevels)[number];

export const ruleStatuses = ['unsupported', 'deprecated', 'experimental', 'test', 'stable'] as const;
export type RuleStatus = (typeof ruleStatuses)[number];

/** The kinds that SigmaHQ keeps in folders of their own: `rules/` is generic, `rules-emerging-threats/` is et. */
export type RuleType = 'generic' | 'et' | 'other';

export interface Profile {
  readonly minLevel: RuleLevel;
  readonly statuses: readonly RuleStatus[];
  readonly ruleTypes: readonly RuleType[];
}

const tested: readonly RuleStatus[] = ['stable', 'test'];
const experimental: readonly RuleStatus[] = ['stable', 'test', 'experimental'];

/** The five packages of a SigmaHQ release (Releases.md), under the names that they have there. */
export const profiles = {
  core: { minLevel: 'high', statuses: tested, ruleTypes: ['generic'] },
  'core+': { minLevel: 'medium', statuses: tested, ruleTypes: ['generic'] },
  'core++': { minLevel: 'medium', statuses: experimental, ruleTypes: ['generic'] },
  'emerging-threats': { minLevel: 'medium', statuses: experimental, ruleTypes: ['et'] },
  all: { minLevel: 'medium', statuses: experimental, ruleTypes: ['generic', 'et'] },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;
export const profileNames = Object.keys(profiles) as ProfileName[];

/** Told by the last folder of the path that is named `rules` or `rules-…`; a path without one is generic. */
export function ruleTypeOf(path: string): RuleType {
  const folder = path
    .split('/')
    .slice(0, -1)
    .findLast((segment) => segment === 'rules' || segment.startsWith('rules-'));
  if (folder === undefined || folder === 'rules') return 'generic';
  return folder === 'rules-emerging-threats' ? 'et' : 'other';
}
