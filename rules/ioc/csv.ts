import type { Fault } from '../fault.js';
import { finishDraft } from './draft.js';
import { indicatorId, type Indicator } from './indicator.js';
import { maxFaults, type IocFile } from './text-list.js';
import { indicatorTypes, quote } from './value.js';

export type CsvFaultCode =
  'csv-syntax' | 'column-unknown' | 'column-count' | 'indicator-refused' | 'duplicate' | 'faults-left-out';

const columns = [
  'type',
  'value',
  'score',
  'role',
  'falsePositive',
  'description',
  'reference',
  'source',
  'firstSeenAt',
  'expiresAt',
  'tlp',
] as const;
type Column = (typeof columns)[number];

const names: Readonly<Record<string, Column>> = {
  ...Object.fromEntries(columns.map((column) => [column.toLowerCase(), column])),
  indicator: 'value',
  ioc: 'value',
  comment: 'description',
  firstseen: 'firstSeenAt',
  validfrom: 'firstSeenAt',
  expires: 'expiresAt',
  expiry: 'expiresAt',
  validuntil: 'expiresAt',
};

interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Reads indicators from CSV (RFC 4180, comma or semicolon, whichever the header uses) with a header that names at least
 * `type` and `value`. A broken row gives a fault and the others load. Null when the header names neither.
 */
export function parseIocCsv(text: string, file: string): IocFile | null {
  const header = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)[0] ?? '';
  const separator = header.includes(';') && !header.includes(',') ? ';' : ',';
  const faults: Fault[] = [];
  let leftOut = 0;
  const fault = (
    code: CsvFaultCode,
    message: string,
    at: { line: number; column: number },
    severity: Fault['severity'] = 'error',
  ): void => {
    if (faults.length < maxFaults)
      faults.push({ code, message, place: { file, line: at.line, column: at.column }, severity });
    else leftOut++;
  };
  const rows = readRows(text.replace(/^\uFEFF/, ''), separator, (message, at) => fault('csv-syntax', message, at));
  const head = rows.next().value ?? [];
  const order = head.map(({ text: name }) => names[name.toLowerCase().replace(/[ _-]/g, '')]);
  if (!order.includes('value') || !order.includes('type')) return null;
  for (const [at, cell] of head.entries())
    if (order[at] === undefined)
      fault('column-unknown', `header: expected ${columns.join(', ')}, got ${quote(cell.text)}`, cell, 'warning');
  const found = new Map<string, Indicator>();
  for (const row of rows) {
    const [first] = row;
    if (first === undefined || (row.length === 1 && first.text === '')) continue;
    if (row.length !== head.length) {
      fault('column-count', `row: expected ${head.length} columns, got ${row.length}`, first);
      continue;
    }
    const indicator = readRow(row, order);
    const value = row[order.indexOf('value')] ?? first;
    if ('problem' in indicator) fault('indicator-refused', indicator.problem, value);
    else if (found.has(indicatorId(indicator)))
      fault('duplicate', `row: expected each indicator once, got ${quote(value.text)} again`, value, 'warning');
    else found.set(indicatorId(indicator), indicator);
  }
  if (leftOut > 0) {
    const message = `file: expected at most ${maxFaults} faults, got ${leftOut} more`;
    faults.push({ code: 'faults-left-out', message, place: { file }, severity: 'error' });
  }
  return { indicators: [...found.values()], faults };
}

/** CSV with every column, commas and CRLF, which {@link parseIocCsv} reads back to the same indicators. */
export function formatIocCsv(indicators: Iterable<Indicator>): string {
  const lines = [columns.join(',')];
  for (const indicator of indicators)
    lines.push(columns.map((column) => quoteCell(String(indicator[column] ?? ''))).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

function quoteCell(text: string): string {
  return /[",;\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function readRow(row: readonly Cell[], order: readonly (Column | undefined)[]): Indicator | { problem: string } {
  const cell = (column: Column): string => row[order.indexOf(column)]?.text ?? '';
  const type = indicatorTypes.find((known) => known === cell('type').trim().toLowerCase());
  if (type === undefined) return { problem: `type: expected ${indicatorTypes.join(', ')}, got ${quote(cell('type'))}` };
  const score = cell('score').trim();
  if (score !== '' && !/^[+-]?\d{1,6}$/.test(score))
    return { problem: `score: expected a whole number, got ${quote(score)}` };
  const role = cell('role').trim().toLowerCase();
  if (role !== '' && role !== 'trusted') return { problem: `role: expected trusted or nothing, got ${quote(role)}` };
  return finishDraft({
    type,
    text: type === 'keyword' ? cell('value') : cell('value').trim(),
    score: score === '' ? undefined : Number(score),
    trusted: role === 'trusted',
    falsePositive: cell('falsePositive'),
    description: cell('description'),
    reference: cell('reference'),
    source: cell('source'),
    firstSeen: cell('firstSeenAt'),
    expires: cell('expiresAt'),
    tlp: cell('tlp'),
  });
}

type Refuse = (message: string, at: { line: number; column: number }) => void;

/** A quoted cell may hold separators, doubled quotes and line ends. */
function* readRows(text: string, separator: string, refuse: Refuse): Generator<Cell[], void, undefined> {
  let line = 1;
  let lineStart = 0;
  let row: Cell[] = [];
  for (let at = 0; at < text.length;) {
    const place = { line, column: at - lineStart + 1 };
    let cell: string;
    if (text[at] === '"') {
      const close = endOfQuoted(text, at);
      if (close === null) {
        refuse('cell: expected a closing quote, got the end of the file', place);
        return;
      }
      const quoted = text.slice(at + 1, close);
      const lastBreak = quoted.lastIndexOf('\n');
      if (lastBreak >= 0) {
        line += quoted.split('\n').length - 1;
        lineStart = at + 1 + lastBreak + 1;
      }
      cell = quoted.replaceAll('""', '"');
      at = close + 1;
    } else {
      const end = endOfPlain(text, at, separator);
      cell = text.slice(at, end);
      at = end;
    }
    row.push({ text: cell, ...place });
    if (text[at] === separator) {
      at++;
      if (at === text.length) row.push({ text: '', line, column: at - lineStart + 1 });
      continue;
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') {
      refuse('cell: expected a separator after the closing quote, got other text', {
        line,
        column: at - lineStart + 1,
      });
      at = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
      row = [];
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    lineStart = at;
    yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}

function endOfQuoted(text: string, at: number): number | null {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 2))
    if (text[end + 1] !== '"') return end;
  return null;
}

function endOfPlain(text: string, at: number, separator: string): number {
  let end = at;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return end;
}
