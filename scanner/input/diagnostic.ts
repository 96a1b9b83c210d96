import { CodedError } from '../../base/error.js';

/** What kept an element from being looked at whole. Never the end of a scan. */
export type TroubleCode =
  | 'archive-damaged'
  | 'archive-depth'
  | 'archive-encrypted'
  | 'archive-members'
  | 'archive-method'
  | 'archive-path'
  | 'archive-too-large'
  | 'file-changed'
  | 'file-grown'
  | 'file-missing'
  | 'file-shrunk'
  | 'file-special'
  | 'file-too-large'
  | 'file-unreadable'
  | 'folder-depth'
  | 'folder-foreign'
  | 'log-damaged'
  | 'log-lines'
  | 'process-unreadable';

/** Whether something was not looked at. What was written or went away meanwhile, and what holds no bytes, is only told. */
export const isLoss: Readonly<Record<TroubleCode, boolean>> = {
  'archive-damaged': true,
  'archive-depth': true,
  'archive-encrypted': true,
  'archive-members': true,
  'archive-method': true,
  'archive-path': false,
  'archive-too-large': true,
  'file-changed': false,
  'file-grown': false,
  'file-missing': false,
  'file-shrunk': true,
  'file-special': false,
  'file-too-large': true,
  'file-unreadable': true,
  'folder-depth': true,
  'folder-foreign': false,
  'log-damaged': true,
  'log-lines': true,
  'process-unreadable': true,
};

export class ElementError extends CodedError<TroubleCode> {}

export interface Diagnostic {
  readonly code: TroubleCode;
  readonly path: string;
  readonly message: string;
}

/** Diagnostics named of each code; all are counted. */
const maxNamed = 20;

export class Diagnostics {
  readonly named: Diagnostic[] = [];
  readonly #counts = new Map<TroubleCode, number>();

  add(code: TroubleCode, path: string, message: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count <= maxNamed) this.named.push({ code, path, message });
  }

  addError(error: ElementError, path: string): void {
    this.add(error.code, path, error.message);
  }

  /** Those that another thread met next: how many of each code, and the first of them. */
  addAll(counts: Readonly<Partial<Record<TroubleCode, number>>>, named: readonly Diagnostic[]): void {
    for (const diagnostic of named)
      if (this.named.filter(({ code }) => code === diagnostic.code).length < maxNamed) this.named.push(diagnostic);
    for (const [code, count] of Object.entries(counts) as [TroubleCode, number][])
      this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
  }

  clear(): void {
    this.#counts.clear();
    this.named.length = 0;
  }

  get counts(): Readonly<Partial<Record<TroubleCode, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
