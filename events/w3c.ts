import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';
import { parseTextTime, timeReader } from './text-time.js';

/** Names of Sigma's taxonomy that a field of the log has as well. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  'cs(user-agent)': ['cs-user-agent', 'c-useragent'],
  'cs(referer)': ['cs-referer', 'cs-referrer'],
  'cs(cookie)': ['cs-cookie'],
  'cs(host)': ['cs-host'],
  'rs(content-type)': ['rs-content-type'],
  'cs-uri': ['c-uri'],
  'cs-uri-path': ['c-uri-stem', 'cs-uri-stem'],
  'cs-uri-stem': ['c-uri-stem'],
  'cs-uri-query': ['c-uri-query'],
  'cs-uri-extension': ['c-uri-extension'],
  'c-ip': ['src_ip'],
  's-ip': ['dst_ip'],
};

/** What the last `#Fields:` says. */
interface Fields {
  readonly names: readonly string[];
  /** For each alias, the column that it repeats. */
  readonly repeated: readonly number[];
  readonly columns: number;
  readonly timeOf: ReturnType<typeof timeReader>;
  /** The column of the time of day, where there is none for the day; -1 otherwise. */
  readonly timeOnly: number;
  /** Whether there is a column that only a proxy has. */
  readonly isProxy: boolean;
}

/** Whether a line is a directive of the W3C extended log file format. */
export function isW3cDirective(text: string): boolean {
  return /^#(?:Version|Fields|Software|Date|Start-Date|End-Date|Remark|Time Format): ?/i.test(text);
}

const firewall = LogSource.of({ product: 'windows', service: 'firewall', category: 'firewall' });
const iis = LogSource.of({ product: 'iis', service: 'iis', category: 'webserver' });
const proxy = LogSource.of({ category: 'proxy' });
const webServer = LogSource.of({ category: 'webserver' });
/** Columns that only a proxy has: whom it asked, for which whole URL, what it decided (Blue Coat SGOS, ISA Server, TMG). */
const proxyColumns = new Set(
  ['cs-uri', 'c-uri', 'cs-uri-scheme', 'r-host', 'r-ip', 'r-port', 's-action', 's-hierarchy', 's-operation']
    .concat(['s-supplier-name', 's-supplier-ip', 's-object-source', 'rs(content-type)', 'sc-filter-result'])
    .concat(['sc-filter-category', 'cs-category', 'cs-categories']),
);

/**
 * Reads the lines of a log in the W3C extended format (https://www.w3.org/TR/WD-logfile), as proxies, IIS and the firewall of
 * Windows write it. Each `#Fields:` counts for the lines after it. Fields have their names in the log, and those of Sigma's
 * taxonomy; one with `-` is left out. Times are UTC unless `#Time Format: Local` or somebody says otherwise; where rows
 * have no day, it is that of `#Date`.
 */
export class W3cRows {
  readonly #clock: LogClock;
  #fields: Fields | null = null;
  #software = '';
  #isLocal = false;
  #date = '';
  #timeOfDay = '';

  constructor(clock: LogClock) {
    this.#clock = clock;
  }

  /** Whether rows can be told by now. */
  get isReady(): boolean {
    return this.#fields !== null;
  }

  get columns(): number {
    return this.#fields?.columns ?? 0;
  }

  directive(text: string): void {
    const [, name = '', value = ''] = /^#([^:]{1,32}): ?(.*)$/.exec(text) ?? [];
    switch (name.toLowerCase()) {
      case 'software':
        this.#software = value;
        break;
      case 'time format':
        this.#isLocal = /local/i.test(value);
        break;
      case 'date':
      case 'start-date':
        this.#date = value.slice(0, 10);
        this.#timeOfDay = '';
        break;
      case 'fields':
        this.#fields = this.#fieldsOf(splitRow(value.trim()));
    }
  }

  /** Null for a line with other columns. */
  row(text: string): LineEvent | null {
    const fields = this.#fields;
    if (fields === null) return null;
    const row = this.#columnsOf(text.trimEnd(), fields.columns);
    if (row === null) return null;
    const all = [...row, ...fields.repeated.map((column) => row[column] ?? '-')];
    const timeMs = fields.timeOnly < 0 ? fields.timeOf(all) : this.#timeOf(row[fields.timeOnly] ?? '');
    const isIis = this.#isIis;
    const named = all.flatMap((value, at): Field[] => {
      const name = fields.names[at] ?? '';
      if (value === '-') return [];
      return [[name, isIis && blanks.test(name) ? value.replaceAll('+', ' ') : value]];
    });
    return lineOf(named, timeMs, this.#source(fields));
  }

  get #isIis(): boolean {
    return /Internet Information|IIS/i.test(this.#software) || (this.#software === '' && this.#looksLikeIis);
  }

  /** IIS writes no quotes and no column with blanks; without `#Software`, its own columns tell. */
  get #looksLikeIis(): boolean {
    if (this.#fields === null || this.#fields.isProxy) return false;
    return this.#fields.names.some((name) => /^(?:cs-uri-stem|sc-substatus|sc-win32-status)$/i.test(name));
  }

  /** A quote is one of the format where that gives the columns of the header, and else a character of the value. */
  #columnsOf(text: string, columns: number): string[] | null {
    const bare = text.includes('\t') ? text.split('\t') : text.split(/ +/);
    if (!text.includes('"')) return bare.length === columns ? bare : null;
    if (bare.length === columns) return this.#isIis ? bare : bare.map(withoutQuotes);
    const quoted = splitRow(text);
    return quoted.length === columns ? quoted : null;
  }

  /** Rows go on in time, so that a time of day before the last one is of the next day. */
  #timeOf(timeOfDay: string): number | null {
    if (this.#date === '') return null;
    if (timeOfDay < this.#timeOfDay) {
      const next = Date.parse(`${this.#date}T00:00:00Z`) + 86_400_000;
      if (!Number.isNaN(next)) this.#date = new Date(next).toISOString().slice(0, 10);
    }
    this.#timeOfDay = timeOfDay;
    return parseTextTime(`${this.#date} ${timeOfDay}`, this.#zone);
  }

  get #zone(): LogClock['local'] {
    return this.#isLocal ? this.#clock.local : this.#clock.exported;
  }

  #source({ names, isProxy }: Fields): LogSource {
    if (/Microsoft Windows Firewall/i.test(this.#software)) return firewall;
    if (this.#isIis) return iis;
    if (names.includes('src-ip') && names.includes('action') && names.includes('protocol')) return firewall;
    return isProxy || /SGOS|proxy|Blue ?Coat|Forefront|ISA Server|Web Gateway/i.test(this.#software)
      ? proxy
      : webServer;
  }

  #fieldsOf(written: readonly string[]): Fields {
    const known = new Set(written.map((name) => name.toLowerCase()));
    const repeated = written.flatMap((name, column) =>
      (aliases[name.toLowerCase()] ?? []).filter((alias) => !known.has(alias)).map((alias) => ({ alias, column })),
    );
    const names = [...written, ...repeated.map(({ alias }) => alias)];
    const timeOnly = known.has('date') || names.length === 0 ? -1 : [...known].indexOf('time');
    return {
      names,
      repeated: repeated.map(({ column }) => column),
      columns: written.length,
      timeOf: timeReader(names, this.#zone),
      timeOnly,
      isProxy: [...known].some((name) => proxyColumns.has(name)),
    };
  }
}

/** Columns in which IIS writes `+` for a blank; elsewhere a plus is one. */
const blanks = /^(?:cs\(.*\)|cs-user-agent|c-useragent|cs-referr?er|cs-cookie)$/i;

function withoutQuotes(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

/** Columns divided by blanks or tabs; one in double quotes may hold blanks, and `""` for a quote. */
export function splitRow(text: string): string[] {
  if (!text.includes('"')) return text.includes('\t') ? text.split('\t') : text.split(/ +/);
  const columns: string[] = [];
  for (let at = 0; at < text.length;) {
    let end: number;
    if (text[at] === '"') {
      end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) end = text.length;
      columns.push(text.slice(at + 1, end).replaceAll('""', '"'));
      end++;
    } else {
      end = at;
      while (end < text.length && text[end] !== ' ' && text[end] !== '\t') end++;
      columns.push(text.slice(at, end));
    }
    at = end + 1;
    while (text[at] === ' ') at++;
  }
  return columns;
}
