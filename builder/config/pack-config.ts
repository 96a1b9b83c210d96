import { posix } from 'node:path';
import type { RuleLevel, RuleStatus, RuleType } from './profile.js';

/** Below it a finding is none (a notice begins at 40), and nothing is worth blocking. */
export const defaultMinScore = 40;

/** A feed that a pack is to have, as `yms.yaml` says. */
export interface FeedPlan {
  /** The format, or the format, a hyphen and a word. */
  readonly name: string;
  readonly minScore: number;
}

/** Who wrote the rules of a source and under which terms; goes into the pack beside them (DRL 1.1). */
export interface Attribution {
  readonly license: string | null;
  readonly origin: string | null;
}

export interface SourceConfig extends Attribution {
  /** As written: relative to `yms.yaml`, with `/`. */
  readonly path: string;
}

export interface PackConfig {
  /** The key under `packs:`, which the commands take. */
  readonly label: string;
  readonly pack: string;
  readonly feature: string;
  readonly channel: string;
  readonly sources: readonly SourceConfig[];
  /** Glob patterns on recorded paths; an empty `include` takes everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly filters: {
    readonly minLevel: RuleLevel | null;
    readonly statuses: readonly RuleStatus[] | null;
    readonly tags: readonly string[] | null;
    readonly ruleTypes: readonly RuleType[] | null;
  };
  /** Values of `%name%` placeholders (the Sigma modifier `expand`). */
  readonly expand: Readonly<Record<string, readonly string[]>>;
  /** Whether a rule with an error stops the build or is left out of the pack. */
  readonly faulty: 'refuse' | 'leave-out';
  readonly tests: {
    /** The folder that `regression_tests_path` is relative to. */
    readonly root: string | null;
    readonly failing: 'refuse' | 'leave-out';
  };
  readonly minimumClient: string;
  /** Plain files for resolvers and firewalls, made of the pack's indicators and pools. */
  readonly feeds: readonly FeedPlan[];
}

/** The name that a source has in packs and reports: as written, without the way up, so that it is alike everywhere. */
export function recordedPath(sourcePath: string): string {
  return posix
    .normalize(sourcePath)
    .split('/')
    .filter((segment) => segment !== '..' && segment !== '.' && segment !== '')
    .join('/');
}
