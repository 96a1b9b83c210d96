import type { Fault, Place } from './fault.js';

/** A rule that a local list switches off. */
export interface DisabledRule {
  /** An item's id: a Sigma rule's UUID, an indicator's `<type>:<value>`, a pool's `<kind>:<pattern>`. */
  readonly id: string;
  readonly reason?: string;
  readonly place: Place;
}

export interface DisableList {
  readonly disabled: DisabledRule[];
  readonly faults: Fault[];
}

const maxIdLength = 8192;
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Whether a file's name says that it is a list of rules to switch off. */
export function isDisableList(fileName: string): boolean {
  return /^disabled-rules(?:-[\w.-]+)?\.txt$/i.test(fileName.slice(fileName.lastIndexOf('/') + 1));
}

/** One id a line, then nothing or white space and `#` with the reason. A broken line gives a fault; the others count. */
export function parseDisableList(text: string, file: string): DisableList {
  const disabled: DisabledRule[] = [];
  const faults: Fault[] = [];
  for (const [at, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const [, entry = '', reason = ''] = /^\s*(.*?)\s*(?:(?<=^|\s)#\s*(.*?)\s*)?$/.exec(raw) ?? [];
    if (entry === '') continue;
    const place = { file, line: at + 1, column: raw.indexOf(entry) + 1 };
    const id = uuid.test(entry.toLowerCase()) ? entry.toLowerCase() : entry;
    if (!uuid.test(id) && !/^[a-z0-9-]+:./.test(id)) {
      const message = `disabled rule: expected a rule's id, got "${entry.slice(0, 60)}"`;
      faults.push({ code: 'disabled-id', message, place, severity: 'error' });
    } else if (id.length > maxIdLength) {
      const message = `disabled rule: expected at most ${maxIdLength} characters, got ${id.length}`;
      faults.push({ code: 'disabled-id', message, place, severity: 'error' });
    } else disabled.push({ id, ...(reason !== '' && { reason }), place });
  }
  return { disabled, faults };
}
