import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { readTextLines } from './text-lines.js';
import { lineEvent, type TextLogOptions } from './text-log.js';
import { timeReader } from './text-time.js';

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
}

/** Whether a line is a directive of the W3C extended log file format. */
export function isW3cDirective(text: string): boolean {
  return /^#(?:Version|Fields|Software|Date|Start-Date|Remark): ?/i.test(text);
}

/**
 * The events of a log in the W3C extended format (https://www.w3.org/TR/WD-logfile), as proxies and IIS write it. Each
 * `#Fields:` counts for the lines after it. A line with other columns is counted, named and left out. Fields have their
 * names in the log, and those of Sigma's taxonomy.
 */
export async function* readW3c(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report, shapes, name } = options;
  let fields: Fields | null = null;
  for await (const lines of readTextLines(source, report)) {
    const batch: FlatEvent[] = [];
    for (const line of lines) {
      if (line.text.startsWith('#')) {
        const named = /^#Fields: ?(.*)$/i.exec(line.text)?.[1];
        if (named !== undefined) fields = fieldsOf(splitRow(named.trim()));
        continue;
      }
      if (fields === null) {
        const message = `line ${line.number}: expected #Fields before it, got none`;
        report.skip('w3c-fields', line.offset, message, line.number);
        continue;
      }
      const row = splitRow(line.text.trimEnd());
      if (row.length !== fields.columns) {
        const message = `line ${line.number}: expected ${fields.columns} columns as in #Fields, got ${row.length}`;
        report.skip('w3c-columns', line.offset, message, line.number);
        continue;
      }
      const values: FieldValue[] = [...row, ...fields.repeated.map((column) => row[column] ?? '')];
      batch.push(lineEvent(shapes.layoutOf(fields.names), values, fields.timeOf(values), name, line));
    }
    report.events += batch.length;
    if (batch.length > 0) yield batch;
  }
}

function fieldsOf(written: readonly string[]): Fields {
  const known = new Set(written.map((name) => name.toLowerCase()));
  const repeated = written.flatMap((name, column) =>
    (aliases[name.toLowerCase()] ?? []).filter((alias) => !known.has(alias)).map((alias) => ({ alias, column })),
  );
  const names = [...written, ...repeated.map(({ alias }) => alias)];
  return { names, repeated: repeated.map(({ column }) => column), columns: written.length, timeOf: timeReader(names) };
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
