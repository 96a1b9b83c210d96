import { CodedError } from '../../base/error.js';
import { ShapeTable } from '../../events/shapes.js';
import { type Level, levels } from '../../rules/sigma/metadata.js';
import type { Finding } from '../findings/finding.js';
import type { ArchiveLimits } from '../input/archive-budget.js';
import { streamContent, withFile } from '../input/content.js';
import { elementFindingOf } from './element-finding.js';
import type { ElementRule } from './element-rule.js';
import { Examiner } from './examine.js';
import type { HashThreads } from './hash-threads.js';
import { Judge } from './judge.js';
import type { Observation } from './observation.js';
import type { ScanStatistics } from './statistics.js';
import { ElementError } from '../input/diagnostic.js';
import type { Found } from './walk.js';

/** Everything that a thread needs to look at elements; plain data. */
export interface InspectionPlan {
  readonly rules: readonly ElementRule[];
  readonly minLevel: Level;
  /** Larger files are looked at by their names alone, unless they are logs. */
  readonly maxFileBytes: number;
  readonly archiveLimits: ArchiveLimits;
  readonly now: Date;
}

export interface InspectionListener {
  /** The inspection waits for a promise. */
  finding(finding: Finding): Promise<void> | void;
  read(bytes: number): void;
}

/** Looks at what a walk has found, and says what is of weight. One a thread. */
export class Inspector {
  readonly judge: Judge;
  readonly #examiner: Examiner;
  readonly #statistics: ScanStatistics;

  constructor(
    { rules, minLevel, maxFileBytes, archiveLimits: limits, now }: InspectionPlan,
    statistics: ScanStatistics,
    listener: InspectionListener,
    { signal, hashThreads }: { readonly signal: AbortSignal; readonly hashThreads: HashThreads | null },
  ) {
    this.judge = new Judge(rules, now);
    this.#statistics = statistics;
    this.#examiner = new Examiner({
      judge: this.judge,
      diagnostics: statistics.diagnostics,
      shapes: new ShapeTable(),
      ...{ limits, maxFileBytes, hashThreads, signal },
      count: (element, elements) => this.#statistics.count(element, elements),
      read: (bytes) => listener.read(bytes),
      found: async (observation, verdict) => {
        const finding = elementFindingOf(observation, verdict);
        if (levels.indexOf(finding.level) >= levels.indexOf(minLevel)) await listener.finding(finding);
      },
    });
  }

  observe(observation: Observation): Promise<void> {
    return this.#examiner.observe(observation);
  }

  /** What comes through the standard input, called `path`. */
  async inspectStream(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
    this.#statistics.files++;
    try {
      await this.#examiner.examine(streamContent(path, chunks));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#statistics.failures.push({ path, code: String(error.code), message: error.message });
    }
  }

  async inspect(found: Found): Promise<void> {
    const { diagnostics, failures } = this.#statistics;
    switch (found.kind) {
      case 'file':
        return this.#inspectFile(found.path, found.isNamed);
      case 'link':
        return this.#inspectNames(found.path, found.target);
      case 'special':
        diagnostics.add(
          'file-special',
          found.path,
          `${found.path}: expected a file or folder, got a device, pipe or socket`,
        );
        return this.#inspectNames(found.path);
      case 'diagnostic':
        diagnostics.add(found.diagnostic.code, found.diagnostic.path, found.diagnostic.message);
        return;
      case 'failure':
        failures.push(found.failure);
    }
  }

  /** What cannot be opened still has its name. */
  async #inspectFile(path: string, followsLink: boolean): Promise<void> {
    const { diagnostics, failures } = this.#statistics;
    this.#statistics.files++;
    const file = { isOpen: false };
    try {
      await withFile({ path, followsLink }, diagnostics, (content) => {
        file.isOpen = true;
        return this.#examiner.examine(content);
      });
    } catch (error) {
      if (!(error instanceof ElementError)) throw error;
      const { code, message } = error;
      if (code === 'file-unreadable') failures.push({ path, code, message });
      else diagnostics.addError(error, path);
      if (!file.isOpen) await this.#inspectNames(path);
    }
  }

  /** A path, and where it leads. */
  async #inspectNames(path: string, target?: string): Promise<void> {
    const link = target === undefined ? [] : [{ kind: 'path', name: 'link', value: target } as const];
    await this.observe({ element: 'file', path, facts: [{ kind: 'path', name: 'path', value: path }, ...link] });
  }
}
