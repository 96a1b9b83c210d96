import type { Failure } from '../input/logs.js';
import type { ElementKind } from '../findings/element-table.js';
import { type Diagnostic, type TroubleCode, Diagnostics } from '../input/diagnostic.js';

/** What was looked at, and what could not be; plain data. */
export interface StatisticsRecord {
  readonly files: number;
  /** Elements looked at, by kind; lines of which no one could hold anything are counted in blocks. */
  readonly examined: Readonly<Partial<Record<ElementKind, number>>>;
  readonly diagnostics: Readonly<Partial<Record<TroubleCode, number>>>;
  /** The first of each code. */
  readonly named: readonly Diagnostic[];
  readonly failures: readonly Failure[];
}

/** Counts what is looked at as it goes, in one thread. */
export class ScanStatistics {
  files = 0;
  readonly diagnostics = new Diagnostics();
  readonly failures: Failure[] = [];
  readonly #examined = new Map<ElementKind, number>();

  count(element: ElementKind, elements: number): void {
    this.#examined.set(element, (this.#examined.get(element) ?? 0) + elements);
  }

  /** What another thread has looked at next. */
  add({ files, examined, diagnostics, named, failures }: StatisticsRecord): void {
    this.files += files;
    for (const [element, elements] of Object.entries(examined)) this.count(element as ElementKind, elements);
    this.diagnostics.addAll(diagnostics, named);
    this.failures.push(...failures);
  }

  /** What has been counted so far; then it counts from nothing. */
  take(): StatisticsRecord {
    const { files, diagnostics } = this;
    const record = {
      files,
      examined: Object.fromEntries(this.#examined),
      diagnostics: diagnostics.counts,
      named: [...diagnostics.named],
      failures: [...this.failures],
    };
    this.files = 0;
    this.#examined.clear();
    this.failures.length = 0;
    diagnostics.clear();
    return record;
  }
}
