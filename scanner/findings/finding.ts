import type { FlatEvent } from '../../events/event.js';
import type { MatchedFields } from '../../rules/sigma/matcher.js';
import type { Level } from '../../rules/sigma/metadata.js';
import type { Sheet } from '../../rules/triage/fact.js';
import type { Grade, Reason } from '../../rules/triage/grade.js';
import type { ElementKind } from './element-table.js';
import { levelOf, titleOf } from '../merge/level.js';
import type { MergedRule, Source } from '../merge/merged-rule.js';

/** What a rule found, as `yms scan --json` writes it (docs/scan.md). */
export interface Finding {
  readonly ruleId: string;
  readonly title: string;
  readonly level: Level;
  /** Shown with every finding: the Detection Rule License asks for it. */
  readonly author: string | null;
  readonly tags: readonly string[];
  /** Where the rule came from: a pack and its version, or a local file. */
  readonly source: Pick<Source, 'pack' | 'version' | 'file'>;
  /** RFC 3339, UTC; null when the record has no readable time. */
  readonly time: string | null;
  readonly channel: string | null;
  readonly recordId: number | null;
  readonly computer: string | null;
  /** The log, as it was named to the scan; null for a correlation, whose events may come from several. */
  readonly file: string | null;
  /** Of an event in a text log: the line that it begins on, from 1. */
  readonly line?: number;
  /** The fields that the rule looked at, with their values; for a correlation those that it groups by; for a graded event facts (docs/spec/triage.md). */
  readonly matched: MatchedFields;
  /** Of a correlation: the events that fulfilled it. `time` is that of the last one. */
  readonly events?: { readonly count: number; readonly firstTime: string | null; readonly lastTime: string | null };
  /** Of indicators and mining pools: what they were found in, and what each adds to its score. */
  readonly element?: ElementFinding;
  /** Of an event that a triage matrix has graded. */
  readonly triage?: GradeFinding;
}

/** A rule that an element fulfils, and what that adds to its score. */
export interface ElementReason {
  readonly ruleId: string;
  readonly title: string;
  readonly score: number;
  readonly source: Pick<Source, 'pack' | 'version' | 'file'>;
  /** The name of the fact. */
  readonly in: string;
}

/** What an indicator or a mining pool was found in. */
export interface ElementFinding {
  readonly kind: ElementKind;
  readonly score: number;
  /** From 1, where the element is a line. */
  readonly line?: number;
  /** Rules that there are reasons from; the first `maxReasons` (elements/verdict) are named. */
  readonly count: number;
  readonly reasons: readonly ElementReason[];
}

/** How relevant an event is, and why. */
export interface GradeFinding {
  readonly sheet: Sheet;
  /** The name of the matrix. */
  readonly matrix: string;
  readonly grade: Grade;
  readonly points: number;
  /** The most points first; those of 0 points explain too. */
  readonly reasons: readonly Reason[];
}

/** A rule and an event that it matches, as workers report it: plain data. */
export interface Hit {
  /** Into the rules of the scan. */
  readonly rule: number;
  /** Where the event says more than the rule. */
  readonly level?: Level;
  readonly timeMs: number | null;
  readonly channel: string | null;
  readonly recordId: number | null;
  readonly computer: string | null;
  readonly line?: number;
  readonly matched: MatchedFields;
  readonly triage?: GradeFinding;
}

export function hitOf(rule: number, event: FlatEvent, matched: MatchedFields): Hit {
  const { timeMs, channel, recordId, computer, lineNumber } = event;
  return { rule, timeMs, channel, recordId, computer, ...(lineNumber !== null && { line: lineNumber }), matched };
}

export function findingOf(rule: MergedRule, hit: Hit, file: string | null): Finding {
  const { author, tags } = creditsOf(rule);
  const { pack, version, file: ruleFile } = rule.source;
  return {
    ruleId: rule.id,
    title: titleOf(rule),
    level: hit.level ?? levelOf(rule),
    author,
    tags,
    source: { pack, version, file: ruleFile },
    time: formatEventTime(hit.timeMs),
    channel: hit.channel,
    recordId: hit.recordId,
    computer: hit.computer,
    file,
    ...(hit.line !== undefined && { line: hit.line }),
    matched: hit.matched,
    ...(hit.triage && { triage: hit.triage }),
  };
}

function creditsOf(rule: MergedRule): Pick<Finding, 'author' | 'tags'> {
  switch (rule.kind) {
    case 'sigma':
      return { author: rule.rule.author ?? null, tags: rule.rule.tags ?? [] };
    case 'triage':
      return { author: rule.document.author ?? null, tags: [] };
    case 'ioc':
    case 'pool':
      return { author: null, tags: [] };
  }
}

const maxDateMs = 8.64e15;

/** Null also for a number that no calendar has. */
export function formatEventTime(timeMs: number | null): string | null {
  return timeMs === null || !(Math.abs(timeMs) <= maxDateMs) ? null : new Date(timeMs).toISOString();
}
