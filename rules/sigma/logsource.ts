import { parseDocuments, textOf, type MapNode, type Node, nodeWords } from './document.js';
import { SigmaError } from './error.js';
import { FaultLog } from './faults.js';
import { isFed } from './known-sources.js';
import type { LogSource } from './metadata.js';
import { parsePattern, type Pattern } from './pattern.js';

/**
 * One entry of a log source table. It takes the rules that have every attribute it names. A rule that no entry takes so
 * goes to all that have every attribute which the rule names, and to those without attributes.
 */
export interface LogSourceEntry {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
  /** Fields that events must have too, each with its alternatives. */
  readonly conditions?: Readonly<Record<string, readonly (string | number)[]>>;
  /** The log source to look up instead. */
  readonly rewrite?: Pick<LogSource, 'category' | 'product' | 'service'>;
  /** The rule's name of a field → the event's. */
  readonly fieldmappings?: Readonly<Record<string, string>>;
  /** The rule's name of a field → what stands for a value of it (in lower case) in the event. Built-in entries only. */
  readonly valuemappings?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /**
   * `WinEventLog:<channel>`, `File:<path>` of a log that names no channel, both with wildcards, or `Log:*`: as `File:*`.
   * Beside them every rule goes to the logs that are of its log source by what their readers tell ({@link reachOf}).
   */
  readonly sources?: readonly string[];
}

export type LogSourceTable = readonly LogSourceEntry[];

export interface EventSource {
  readonly kind: 'channel' | 'file';
  readonly pattern: Pattern;
}

/** One way to find the events of a log source. */
export interface LogSourceVariant {
  readonly sources: readonly EventSource[];
  readonly conditions: readonly { readonly field: string; readonly values: readonly (string | number)[] }[];
  readonly fieldNames: ReadonlyMap<string, string>;
  readonly fieldValues: FieldValues;
}

/** What values of a rule's fields are called by a log that has words of its own for them. */
export type FieldValues = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const maxRewrites = 8;
const attributes = ['category', 'product', 'service'] as const;

/** Every way to find the events of a rule's log source; none when the table does not know it. */
export function resolveLogSource(source: LogSource, table: LogSourceTable, rewrites = 0): LogSourceVariant[] {
  if (rewrites > maxRewrites) return [];
  const named = table.filter((entry) => attributes.some((name) => entry[name] !== undefined));
  const taken = named.filter((entry) => attributes.every((name) => isSame(entry[name], source[name])));
  // A rule that names less than the entries (a category of every product) takes all that have what it names.
  const wider = named.filter((entry) => attributes.every((name) => isSame(source[name], entry[name])));
  const unnamed = table.filter((entry) => !named.includes(entry));
  const entries = taken.length > 0 ? taken : [...wider, ...unnamed];
  return entries.flatMap((entry) => {
    const conditions = Object.entries(entry.conditions ?? {}).map(([field, values]) => ({ field, values }));
    const fieldNames = new Map(Object.entries(entry.fieldmappings ?? {}));
    const fieldValues = entry.valuemappings ?? {};
    const own = (entry.sources ?? []).map((text) => parseSource(text)).filter((parsed) => parsed !== null);
    const targets = entry.rewrite ? resolveLogSource(entry.rewrite, table, rewrites + 1) : [];
    const variants = own.length > 0 ? [{ sources: own, conditions, fieldNames, fieldValues }] : [];
    return [
      ...variants,
      ...targets.map((target) => ({
        sources: target.sources,
        conditions: [...conditions, ...target.conditions],
        fieldNames: new Map([...target.fieldNames, ...fieldNames]),
        fieldValues: { ...target.fieldValues, ...fieldValues },
      })),
    ];
  });
}

/** Whether any log can be of the source: the table has a way to its events, or a reader may tell it. */
export function isMapped(source: LogSource, table: LogSourceTable): boolean {
  return isFed(source) || resolveLogSource(source, table).length > 0;
}

/** An attribute that is not wanted does not matter; case does not either. */
function isSame(wanted: string | undefined, got: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === got?.toLowerCase();
}

function parseSource(text: string): EventSource | null {
  const [, kind, pattern = ''] = /^(WinEventLog|File|Log):(.+)$/.exec(text) ?? [];
  if (kind === undefined) return null;
  return {
    kind: kind === 'WinEventLog' ? 'channel' : 'file',
    pattern: parsePattern(pattern.replaceAll('\\', '\\\\')),
  };
}

/**
 * A table in the form of THOR's: a YAML map `logsources` of named entries. Other members of the file are ignored.
 *
 * @throws SigmaError `logsource-table` with the place of the first fault
 */
export function parseLogSources(text: string, file: string): LogSourceTable {
  const log = new FaultLog(text, file);
  const [document] = parseDocuments(text, log);
  const [fault] = log.faults;
  if (fault) throw new SigmaError('logsource-table', fault.message, { place: fault.place });
  const refuse: Refuse = (offset, expected, got) => {
    throw new SigmaError('logsource-table', `log sources: expected ${expected}, got ${got}`, {
      place: log.place(offset),
    });
  };
  const section = document?.kind === 'map' ? document.entries.get('logsources')?.value : undefined;
  if (section?.kind !== 'map') return refuse(document?.offset ?? 0, 'a map "logsources"', nodeWords(section));
  return [...section.entries.values()].map(({ value }) =>
    value.kind === 'map'
      ? readEntry(value, refuse)
      : refuse(value.offset, 'a map for each log source', nodeWords(value)),
  );
}

type Refuse = (offset: number, expected: string, got: string) => never;

function readEntry(node: MapNode, refuse: Refuse): LogSourceEntry {
  const entry: { -readonly [K in keyof LogSourceEntry]: LogSourceEntry[K] } = {};
  for (const { key, keyOffset, value } of node.entries.values()) {
    if (key === 'category' || key === 'product' || key === 'service') entry[key] = readText(value, refuse);
    else if (key === 'conditions') entry.conditions = readMap(value, refuse, readAlternatives);
    else if (key === 'fieldmappings') entry.fieldmappings = readMap(value, refuse, readText);
    else if (key === 'sources') {
      entry.sources = listOf(value).map((item) => readText(item, refuse));
      const wrong = listOf(value).find((item) => parseSource(textOf(item) ?? '') === null);
      if (wrong) refuse(wrong.offset, '"WinEventLog:", "File:" or "Log:" with a pattern', nodeWords(wrong));
    } else if (key === 'rewrite') {
      const rewrite = readMap(value, refuse, readText);
      const strange = Object.keys(rewrite).find((name) => !attributes.some((attribute) => attribute === name));
      if (strange !== undefined) refuse(value.offset, 'category, product or service in "rewrite"', `"${strange}"`);
      entry.rewrite = rewrite;
    } else refuse(keyOffset, 'category, product, service, conditions, rewrite, fieldmappings or sources', `"${key}"`);
  }
  return entry;
}

function listOf(node: Node): readonly Node[] {
  return node.kind === 'list' ? node.items : [node];
}

function readText(node: Node, refuse: Refuse): string {
  return textOf(node) ?? refuse(node.offset, 'text', nodeWords(node));
}

function readAlternatives(node: Node, refuse: Refuse): readonly (string | number)[] {
  return listOf(node).map((item) =>
    item.kind === 'scalar' && (typeof item.value === 'string' || typeof item.value === 'number')
      ? item.value
      : refuse(item.offset, 'texts or numbers', nodeWords(item)),
  );
}

function readMap<T>(node: Node, refuse: Refuse, read: (value: Node, refuse: Refuse) => T): Record<string, T> {
  if (node.kind !== 'map') return refuse(node.offset, 'a map', nodeWords(node));
  return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, read(value, refuse)]));
}
