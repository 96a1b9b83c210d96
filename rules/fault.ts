import { formatPlace, type Place } from '../base/error.js';

export type { Place } from '../base/error.js';

/**
 * One thing wrong with a rule file. Readers of rule files collect all faults of a file; an `error` leaves the document
 * (or line) it stands in out of the pack, a `warning` leaves it in.
 */
export interface Fault {
  /** Stable, kebab-case, from the closed union of the kind of rule. */
  readonly code: string;
  /** `subject: expected …, got …`, lower case, without a full stop. */
  readonly message: string;
  readonly place: Place;
  readonly severity: 'error' | 'warning';
}

/** `file:line:column: error: message (code)`, as compilers write it, so that editors can jump to the place. */
export function formatFault(fault: Fault): string {
  const place = formatPlace(fault.place);
  return `${place === '' ? '' : `${place}: `}${fault.severity}: ${fault.message} (${fault.code})`;
}

/** The order of a report: by file, then by line and column, then by code. */
export function compareFaults(a: Fault, b: Fault): number {
  return (
    compareText(a.place.file ?? '', b.place.file ?? '') ||
    (a.place.line ?? 0) - (b.place.line ?? 0) ||
    (a.place.column ?? 0) - (b.place.column ?? 0) ||
    compareText(a.code, b.code)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
