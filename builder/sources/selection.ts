import { minimatch } from 'minimatch';
import type { PackConfig } from '../config/pack-config.js';
import { ruleLevels, ruleTypeOf } from '../config/profile.js';

/** What the filters look at; a rule of another kind than Sigma has none of it. */
export interface RuleFacts {
  readonly level?: string | undefined;
  readonly status?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Why a pack does not take a file, or null when it does. `file` is its recorded path. */
export function fileReason(pack: PackConfig, file: string): string | null {
  if (pack.include.length > 0 && !pack.include.some((pattern) => matchesGlob(file, pattern))) return 'not in include';
  const excluded = pack.exclude.find((pattern) => matchesGlob(file, pattern));
  if (excluded !== undefined) return `excluded by ${excluded}`;
  const { ruleTypes } = pack.filters;
  const type = ruleTypeOf(file);
  return ruleTypes === null || ruleTypes.includes(type) ? null : `rule type ${type}`;
}

/** Why a pack does not take a Sigma rule, or null when it does. */
export function ruleReason(pack: PackConfig, rule: RuleFacts): string | null {
  const { minLevel, statuses, tags } = pack.filters;
  if (minLevel !== null) {
    const level = ruleLevels.findIndex((name) => name === rule.level);
    if (level < ruleLevels.indexOf(minLevel)) return `level ${rule.level ?? 'missing'}`;
  }
  if (statuses !== null && !statuses.some((status) => status === rule.status))
    return `status ${rule.status ?? 'missing'}`;
  if (tags !== null && !tags.some((tag) => rule.tags?.includes(tag) === true)) return 'none of the tags';
  return null;
}

/** Paths with `/`; `**` takes in any number of folders, a pattern without `/` looks at the last part of the path. */
function matchesGlob(path: string, pattern: string): boolean {
  return minimatch(path, pattern, { nocomment: true, nonegate: true, dot: true, matchBase: !pattern.includes('/') });
}
