import type { SkipCode } from '../../events/error.js';
import { type Fault, formatFault } from '../../rules/fault.js';
import { isLoss, type TroubleCode } from '../input/diagnostic.js';
import type { Failure } from '../input/logs.js';

/** Something that a scan was given and did not look at, did not understand or did not apply. */
export interface Gap {
  /** What kept it: a code of docs/elements.md or docs/spec/event.md, `rules-refused`, `rules-none` or `interrupted`. */
  readonly code: string;
  readonly count: number;
  /** The first of them, each as a sentence. */
  readonly named: readonly string[];
}

/** Gaps named of each code; all are counted. */
const maxNamed = 20;

/** Faults of a log that cost nothing: it is read all the same. */
const harmless: readonly SkipCode[] = ['header-magic', 'header-checksum', 'chunk-checksum', 'utf8-invalid'];

/** What was met while reading logs or elements, by code. */
export interface Met {
  readonly diagnostics: Readonly<Partial<Record<TroubleCode, number>>>;
  readonly named: readonly { readonly code: TroubleCode; readonly message: string }[];
}

/** What a log lost, by code. */
export interface Lost {
  readonly file: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly named: readonly { readonly code: string; readonly message: string }[];
}

/** What became of a scan, as far as something may be missing from it. */
export interface Outcome {
  readonly failures: readonly Failure[];
  readonly skipped: readonly Lost[];
  /** By the readers of logs, and by those of elements. What both came across, one file looked at twice, counts once. */
  readonly met: readonly Met[];
  /** Rules that could report. */
  readonly rules: number;
  /** Rules that were left out, with what is wrong with them. */
  readonly refused: readonly Fault[];
  /** Kinds of rules that were asked for and of which there is none. */
  readonly missing: readonly string[];
  readonly isInterrupted: boolean;
}

/** Everything that stands between "nothing was found" and "nothing is there". */
export function gapsOf({ failures, skipped, met, rules, refused, missing, isInterrupted }: Outcome): Gap[] {
  const gaps = new Map<string, { count: number; named: string[] }>();
  const add = (code: string, count: number, named: readonly string[]): void => {
    const gap = gaps.get(code) ?? { count: 0, named: [] };
    gap.count += count;
    gap.named.push(...named.slice(0, maxNamed - gap.named.length));
    gaps.set(code, gap);
  };
  const left = refused.filter(({ severity }) => severity === 'error');
  if (left.length > 0) add('rules-refused', left.length, left.slice(0, maxNamed).map(formatFault));
  if (rules === 0) add('rules-none', 1, ['rules: expected some that can report at this level, got none']);
  for (const kind of missing) add('rules-none', 1, [`rules: expected some of the kind ${kind}, got none`]);
  for (const { code, path, message } of failures)
    add(code, 1, [message.startsWith(path) ? message : `${path}: ${message}`]);
  for (const { file, counts, named } of skipped)
    for (const [code, count] of Object.entries(counts))
      if (!harmless.some((one) => one === code))
        add(
          code,
          count,
          named.filter((skip) => skip.code === code).map(({ message }) => `${file}: ${message}`),
        );
  for (const [code, gap] of lossesOf(met)) add(code, gap.count, gap.named);
  if (isInterrupted) add('interrupted', 1, ['scan: expected to come to its end, got interrupted']);
  return [...gaps].map(([code, gap]) => ({ code, ...gap }));
}

function lossesOf(met: readonly Met[]): ReadonlyMap<TroubleCode, { count: number; named: string[] }> {
  const losses = new Map<TroubleCode, { count: number; named: string[] }>();
  for (const { diagnostics, named } of met)
    for (const [code, count] of Object.entries(diagnostics) as [TroubleCode, number][]) {
      if (!isLoss[code]) continue;
      const messages = named.filter((one) => one.code === code).map(({ message }) => message);
      const known = losses.get(code);
      losses.set(code, {
        count: Math.max(known?.count ?? 0, count),
        named: [...new Set([...(known?.named ?? []), ...messages])],
      });
    }
  return losses;
}
