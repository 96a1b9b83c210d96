import { join } from 'node:path';
import { ShapeTable } from '../../events/shapes.js';
import type { Level } from '../../rules/sigma/metadata.js';
import { levels } from '../../rules/sigma/metadata.js';
import type { Finding } from '../finding.js';
import { formatEventTime } from '../finding.js';
import { levelOfScore, titleOf } from '../level.js';
import { type Failure, standardInput } from '../scan/logs.js';
import { type ArchiveLimits, defaultArchiveLimits } from './archive-budget.js';
import { connectionsOf } from './connections.js';
import { withFile } from './content.js';
import { Examiner } from './examine.js';
import { hostPlaces } from './host.js';
import { type ElementRule, Judge } from './judge.js';
import type { Observation } from './observation.js';
import { processesOf } from './processes.js';
import type { ElementKind } from './table.js';
import { ElementError, type Trouble, type TroubleCode, Troubles } from './trouble.js';
import type { Verdict } from './verdict.js';
import { walk } from './walk.js';

export interface ElementScan {
  readonly rules: readonly ElementRule[];
  readonly paths: readonly string[];
  /** The root of the host whose own elements are looked at too; null for paths alone. */
  readonly hostRoot: string | null;
  readonly minLevel: Level;
  readonly maxFileBytes: number;
  readonly archiveLimits?: ArchiveLimits;
  readonly now: Date;
  readonly signal: AbortSignal;
}

export interface ElementListener {
  finding(finding: Finding): Promise<void> | void;
  fail(failure: Failure): void;
  read(bytes: number): void;
}

/** What was looked at, besides findings. */
export interface ElementSummary {
  /** Indicators and pools in use: those whose time is not over. */
  readonly rules: number;
  readonly files: number;
  /** Elements looked at, by kind; lines of which no one could hold anything are counted in blocks. */
  readonly examined: Readonly<Partial<Record<ElementKind, number>>>;
  readonly troubles: Readonly<Partial<Record<TroubleCode, number>>>;
  readonly named: readonly Trouble[];
}

export const defaultMaxFileBytes = 512 * 1024 * 1024;

/** Looks for indicators and pools in everything below the paths, and in this host's own places and processes. */
export async function scanElements(request: ElementScan, listener: ElementListener): Promise<ElementSummary> {
  const { rules, paths, hostRoot, minLevel, maxFileBytes, now, signal } = request;
  const judge = new Judge(rules, now);
  const troubles = new Troubles();
  const examined = new Map<ElementKind, number>();
  const examiner = new Examiner({
    judge,
    troubles,
    maxFileBytes,
    signal,
    shapes: new ShapeTable(),
    limits: request.archiveLimits ?? defaultArchiveLimits,
    count: (element, elements) => examined.set(element, (examined.get(element) ?? 0) + elements),
    read: (bytes) => listener.read(bytes),
    found: async (observation: Observation, verdict: Verdict) => {
      const finding = findingOf(observation, verdict);
      if (levels.indexOf(finding.level) >= levels.indexOf(minLevel)) await listener.finding(finding);
    },
  });
  let files = 0;
  const own = hostRoot === null ? [] : await hostPlaces(hostRoot);
  const named = paths.filter((path) => path !== standardInput);
  if (paths.includes(standardInput)) {
    files++;
    const chunks = process.stdin as AsyncIterable<Buffer>;
    await examiner.examine({
      path: standardInput,
      name: standardInput,
      isMember: false,
      size: null,
      chunks,
      file: null,
    });
  }
  for await (const found of walk([...named, ...own], { troubles, fail: (failure) => listener.fail(failure) })) {
    if (signal.aborted) break;
    if (found.kind === 'link') {
      const { path, target } = found;
      const facts = [path, target].map(
        (value, at) => ({ kind: 'path', name: at === 0 ? 'path' : 'link', value }) as const,
      );
      await examiner.observe({ element: 'file', path, facts });
      continue;
    }
    files++;
    try {
      await withFile(found.path, troubles, (content) => examiner.examine(content));
    } catch (error) {
      if (!(error instanceof ElementError)) throw error;
      if (error.code === 'file-unreadable')
        listener.fail({ path: found.path, code: error.code, message: error.message });
      else troubles.addError(error, found.path);
    }
  }
  if (hostRoot !== null) {
    const proc = join(hostRoot, 'proc');
    const options = { hashTypes: judge.hashTypes, maxFileBytes, troubles };
    for await (const observation of processesOf(proc, options))
      if (!signal.aborted) await examiner.observe(observation);
    for await (const observation of connectionsOf(proc)) if (!signal.aborted) await examiner.observe(observation);
  }
  return {
    rules: judge.size,
    files,
    examined: Object.fromEntries(examined),
    troubles: troubles.counts,
    named: troubles.named,
  };
}

function findingOf(observation: Observation, { score, top, reasons, count, matched }: Verdict): Finding {
  const { pack, version, file } = top.source;
  const { element, path, line } = observation;
  return {
    ruleId: top.id,
    title: titleOf(top),
    level: levelOfScore(score),
    author: null,
    tags: [],
    source: { pack, version, file },
    time: formatEventTime(observation.timeMs ?? null),
    channel: observation.channel ?? null,
    recordId: observation.recordId ?? null,
    computer: observation.computer ?? null,
    file: path,
    matched,
    element: { kind: element, score, ...(line !== undefined && { line }), count, reasons },
  };
}
