import type { Fault, Place } from '../fault.js';

/** Every fault that a Sigma file can have; docs/spec/sigma.md lists them with their meaning. */
export type SigmaFaultCode =
  | 'yaml-syntax'
  | 'yaml-size'
  | 'yaml-depth'
  | 'yaml-alias'
  | 'yaml-tag'
  | 'yaml-key'
  | 'yaml-duplicate-key'
  | 'yaml-merge-key'
  | 'document-kind'
  | 'action-obsolete'
  | 'id-missing'
  | 'id-invalid'
  | 'id-duplicate'
  | 'title-missing'
  | 'metadata-type'
  | 'metadata-length'
  | 'status-unknown'
  | 'level-unknown'
  | 'date-invalid'
  | 'tag-invalid'
  | 'logsource-missing'
  | 'logsource-invalid'
  | 'logsource-unknown'
  | 'detection-missing'
  | 'selection-empty'
  | 'selection-shape'
  | 'selection-unused'
  | 'value-type'
  | 'null-in-list'
  | 'all-single-value'
  | 'modifier-unknown'
  | 'modifier-order'
  | 'modifier-field'
  | 'modifier-value'
  | 'regex-invalid'
  | 'cidr-invalid'
  | 'placeholder-unresolved'
  | 'condition-missing'
  | 'condition-syntax'
  | 'condition-depth'
  | 'condition-quantifier'
  | 'selection-unknown'
  | 'aggregation-obsolete'
  | 'correlation-invalid'
  | 'correlation-type'
  | 'correlation-rules'
  | 'correlation-group-by'
  | 'correlation-timespan'
  | 'correlation-condition'
  | 'correlation-aliases'
  | 'filter-rules'
  | 'faults-left-out';

/** Faults of one file that are told one by one. */
export const maxFaults = 1000;

/** Collects the faults of one file; offsets into its text become lines and columns only here, when one is needed. */
export class FaultLog {
  readonly faults: Fault[] = [];
  readonly #text: string;
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  #errors = 0;

  get errorCount(): number {
    return this.#errors;
  }

  error(code: SigmaFaultCode, message: string, offset: number): void {
    this.#errors++;
    this.#add(code, message, offset, 'error');
  }

  warning(code: SigmaFaultCode, message: string, offset: number): void {
    this.#add(code, message, offset, 'warning');
  }

  /** Messages quote the file, where an escape may have made half a character. */
  #add(code: SigmaFaultCode, message: string, offset: number, severity: Fault['severity']): void {
    if (this.faults.length > maxFaults) return;
    const isLast = this.faults.length === maxFaults;
    const told = isLast
      ? {
          code: 'faults-left-out',
          message: `file: expected at most ${maxFaults} faults, got more`,
          severity: 'error' as const,
        }
      : { code, message: message.toWellFormed(), severity };
    this.faults.push({ ...told, place: this.place(offset) });
  }

  /** Where each line begins; made when the first place is asked for. */
  #lineStarts: readonly number[] | null = null;

  /** Lines and columns count from 1, columns in UTF-16 code units. */
  place(offset: number): Place {
    const starts = (this.#lineStarts ??= lineStarts(this.#text));
    let [line, behind] = [0, starts.length];
    while (behind - line > 1) {
      const middle = (line + behind) >> 1;
      if ((starts[middle] ?? 0) <= offset) line = middle;
      else behind = middle;
    }
    return { file: this.#file, line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
