import type { Fault } from '../fault.js';
import { parseC2Entry } from './c2-entry.js';
import { finishDraft, lacksZone } from './draft.js';
import { indicatorId, type Indicator } from './indicator.js';
import type { FeedFaultCode } from './json-feed.js';
import { tlpIn } from './misp.js';
import { MispAttributes } from './misp-attribute.js';
import type { Problem } from './pattern.js';
import { readRows, type Cell } from './csv-rows.js';
import { maxFaults, type IocFile } from './text-list.js';
import { indicatorTypes, quote, type IndicatorType } from './value.js';

export type CsvFaultCode =
  | FeedFaultCode
  | 'csv-syntax'
  | 'column-unknown'
  | 'column-missing'
  | 'column-count'
  | 'scheme-unknown'
  | 'faults-left-out';

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
  iocvalue: 'value',
  ioctype: 'type',
  firstseenutc: 'firstSeenAt',
  comment: 'description',
  firstseen: 'firstSeenAt',
  validfrom: 'firstSeenAt',
  expires: 'expiresAt',
  expiry: 'expiresAt',
  validuntil: 'expiresAt',
};

const separators = [',', ';', '\t', '|'] as const;

/** Names that feeds have for the types of indicators. */
const typeNames: Readonly<Record<string, IndicatorType>> = {
  md5_hash: 'md5',
  sha1_hash: 'sha1',
  'sha-1': 'sha1',
  sha256_hash: 'sha256',
  'sha-256': 'sha256',
  hostname: 'fqdn',
  ipv4: 'ip',
  ipv6: 'ip',
  'ip:port': 'ip',
  'domain:port': 'domain',
  'host:port': 'domain',
  mutex: 'handle',
};

/**
 * Reads indicators from CSV (RFC 4180; comma, semicolon, tab or bar, whichever gives the header its names) with a header that
 * names at least `type` and `value`, which may stand in a comment, and below Excel's `sep=`. What MISP exports is read as its
 * JSON is: `to_ids`, and its own types. A broken row gives a fault and the others load. Null when the header names neither.
 */
export function parseIocCsv(text: string, file: string): IocFile | null {
  const faults = new CsvFaults(file);
  const source = text.replace(/^\uFEFF/, '');
  const found = findHeader(source);
  if (found === null) return null;
  const { separator, offset, line, head, order } = found;
  const rows = readRows(source, separator, (message, at) => faults.add('csv-syntax', message, at), { offset, line });
  const misp = mispColumns(head);
  if (misp !== null) return readMispRows(rows, misp, head.length, faults);
  const unknown = head.filter((_, at) => order[at] === undefined);
  if (unknown[0] !== undefined) {
    const named = unknown.map(({ text: name }) => quote(name)).join(', ');
    faults.add('column-unknown', `header: expected ${columns.join(', ')}, got ${named}`, unknown[0], 'warning');
  }
  const indicators = new Map<string, Indicator>();
  for (const row of rows) {
    const [first] = row;
    if (first === undefined || (row.length === 1 && first.text.trim() === '') || isComment(row)) continue;
    if (row.length !== head.length) {
      faults.add('column-count', `row: expected ${head.length} columns, got ${row.length}`, first);
      continue;
    }
    const { drafts, notes } = readRow(row, order);
    const value = row[order.indexOf('value')] ?? first;
    for (const { code, message } of notes) faults.add(code, message, value, 'warning');
    for (const indicator of drafts) {
      if ('problem' in indicator) faults.add('indicator-refused', indicator.problem, value);
      else addOnce(indicators, indicator, value, faults);
    }
  }
  if (indicators.size === 0 && faults.isEmpty)
    faults.add('list-empty', 'file: expected at least one row, got none', { line, column: 1 }, 'warning');
  return { indicators: [...indicators.values()], faults: faults.all() };
}

/** What is known to be good stays good, wherever it stands in the file. */
function addOnce(indicators: Map<string, Indicator>, indicator: Indicator, at: Cell, faults: CsvFaults): void {
  const id = indicatorId(indicator);
  const known = indicators.get(id);
  if (known !== undefined)
    faults.add('duplicate', `row: expected each indicator once, got ${quote(at.text)} again`, at, 'warning');
  if (known === undefined || (indicator.role === 'trusted' && known.role !== 'trusted')) indicators.set(id, indicator);
}

class CsvFaults {
  readonly #file: string;
  readonly #faults: Fault[] = [];
  #leftOut = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  add(code: CsvFaultCode, message: string, at: Place, severity: Fault['severity'] = 'error'): void {
    const place = { file: this.#file, line: at.line, column: at.column };
    if (this.#faults.length < maxFaults) this.#faults.push({ code, message, place, severity });
    else this.#leftOut++;
  }

  all(): Fault[] {
    if (this.#leftOut === 0) return this.#faults;
    const message = `file: expected at most ${maxFaults} faults, got ${this.#leftOut} more`;
    return [...this.#faults, { code: 'faults-left-out', message, place: { file: this.#file }, severity: 'error' }];
  }
}

type Place = Pick<Cell, 'line' | 'column'>;

interface Header {
  readonly separator: string;
  readonly head: readonly Cell[];
  readonly order: readonly (Column | undefined)[];
  /** Where the rows begin. */
  readonly offset: number;
  readonly line: number;
}

/** The first line that names both columns; in front of it may be comments, one of which it is in some feeds. */
function findHeader(text: string): Header | null {
  let line = 1;
  for (let at = 0; at < text.length && line <= 100; line++) {
    const end = /\r\n?|\n/g;
    end.lastIndex = at;
    const stop = end.exec(text);
    const raw = text.slice(at, stop?.index ?? text.length);
    const offset = stop === null ? text.length : end.lastIndex;
    const isRemark = raw.startsWith('#');
    for (const separator of separators) {
      const [head = []] = readRows(raw.replace(/^#\s*/, ''), separator, () => undefined, { offset: 0, line });
      const order = head.map(({ text: name }) => names[name.toLowerCase().replace(/[ _-]/g, '')]);
      if (order.includes('value') && order.includes('type')) return { separator, head, order, offset, line: line + 1 };
    }
    if (raw.trim() !== '' && !isRemark && !/^sep=.$/i.test(raw)) return null;
    at = offset;
  }
  return null;
}

function isComment(row: readonly Cell[]): boolean {
  return row[0]?.isQuoted === false && row[0].text.startsWith('#');
}

type MispColumn = 'type' | 'value' | 'to_ids' | 'comment' | 'date' | 'first_seen' | 'attribute_tag' | 'uuid';

/** The columns of MISP's own export, or null: it has `to_ids`, or `event_id` beside `category`. */
function mispColumns(head: readonly Cell[]): ReadonlyMap<string, number> | null {
  const at = new Map(head.map(({ text }, index) => [text.trim().toLowerCase(), index]));
  return at.has('to_ids') || (at.has('event_id') && at.has('category')) ? at : null;
}

function readMispRows(
  rows: Iterable<readonly Cell[]>,
  order: ReadonlyMap<string, number>,
  width: number,
  faults: CsvFaults,
): IocFile {
  if (!order.has('to_ids')) {
    faults.add('column-missing', 'header: expected to_ids, which says what is for detection, got none', {
      line: 1,
      column: 1,
    });
    return { indicators: [], faults: faults.all() };
  }
  const indicators = new Map<string, Indicator>();
  let place: Cell = { text: '', line: 1, column: 1, isQuoted: false };
  const attributes = new MispAttributes({
    add: (draft) => {
      const indicator = finishDraft(draft);
      if ('problem' in indicator) faults.add('indicator-refused', indicator.problem, place);
      else addOnce(indicators, indicator, place, faults);
    },
    fault: (code, severity, message) => faults.add(code, message, place, severity),
  });
  for (const row of rows) {
    const [first] = row;
    if (first === undefined || (row.length === 1 && first.text === '')) continue;
    const cell = (column: MispColumn): string => row[order.get(column) ?? -1]?.text ?? '';
    place = row[order.get('value') ?? 0] ?? first;
    if (row.length !== width) {
      faults.add('column-count', `row: expected ${width} columns, got ${row.length}`, first);
      continue;
    }
    const day = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(cell('date').trim());
    attributes.add({
      type: cell('type').trim(),
      value: cell('value').trim(),
      toIds: cell('to_ids'),
      description: cell('comment'),
      source: undefined,
      firstSeen: cell('first_seen') || (day === null ? undefined : day.slice(1).join('-')),
      tlp: cell('attribute_tag')
        .split(/[,;]/)
        .map(tlpIn)
        .find((light) => light !== undefined),
      anchor: cell('uuid'),
    });
  }
  attributes.end();
  return { indicators: [...indicators.values()], faults: faults.all() };
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

interface ReadRow {
  /** Several where a row names a host in more than one way. */
  readonly drafts: readonly (Indicator | Problem)[];
  readonly notes: readonly { readonly code: CsvFaultCode; readonly message: string }[];
}

function readRow(row: readonly Cell[], order: readonly (Column | undefined)[]): ReadRow {
  const cell = (column: Column): string => row[order.indexOf(column)]?.text ?? '';
  const refuse = (problem: string): ReadRow => ({ drafts: [{ problem }], notes: [] });
  const written = cell('type').trim().toLowerCase();
  const type = indicatorTypes.find((known) => known === written) ?? typeNames[written];
  if (type === undefined) return refuse(`type: expected ${indicatorTypes.join(', ')}, got ${quote(cell('type'))}`);
  const score = cell('score').trim();
  if (score !== '' && !/^[+-]?\d{1,6}$/.test(score))
    return refuse(`score: expected a whole number, got ${quote(score)}`);
  const role = cell('role').trim().toLowerCase();
  if (role !== '' && role !== 'trusted') return refuse(`role: expected trusted or nothing, got ${quote(role)}`);
  const notes: { code: CsvFaultCode; message: string }[] = [];
  for (const column of ['firstSeenAt', 'expiresAt'] as const)
    if (lacksZone(cell(column)))
      notes.push({
        code: 'zone-missing',
        message: `${column}: expected a zone, got ${quote(cell(column))} (UTC taken)`,
      });
  const text = type === 'keyword' ? cell('value') : cell('value').trim();
  const { host, note } = withoutPort(type, text);
  if (note !== null) notes.push(note);
  const draft = finishDraft({
    type,
    text: host,
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
  return { drafts: [draft], notes };
}

/** A host with its port, as feeds of servers have it, is looked for without. */
function withoutPort(type: IndicatorType, text: string): { host: string; note: ReadRow['notes'][number] | null } {
  if (type !== 'ip' && type !== 'domain' && type !== 'fqdn') return { host: text, note: null };
  const entry = /:\d{1,5}$/.test(text) ? parseC2Entry(text) : null;
  if (entry === null || 'problem' in entry || entry.note === null) return { host: text, note: null };
  return {
    host: entry.wanted[0]?.value ?? text,
    note: { code: entry.note.code, message: `${type}: ${entry.note.said}` },
  };
}
