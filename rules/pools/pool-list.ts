import { shown } from '../../base/shown.js';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Node, type YAMLMap } from 'yaml';
import type { Fault } from '../fault.js';
import { findDeepYaml, maxYamlDepth } from '../yaml-depth.js';
import { quote } from '../ioc/value.js';
import {
  coinPattern,
  defaultPoolScore,
  normalisePattern,
  poolId,
  poolKinds,
  poolMatches,
  poolProtocols,
  type Pool,
  type PoolMatch,
} from './pool.js';

export type PoolFaultCode =
  'yaml-syntax' | 'yaml-alias' | 'list-shape' | 'field-unknown' | 'field-missing' | 'field-invalid' | 'duplicate';

export interface PoolFile {
  readonly pools: Pool[];
  readonly faults: Fault[];
}

const detailFields = [
  'kind',
  'operator',
  'coin',
  'ports',
  'protocol',
  'source',
  'lastVerified',
  'score',
  'description',
];
const entryFields = ['pool', ...poolMatches, ...detailFields];
const listFields = ['title', 'license', 'author', 'references', 'defaults', 'pools'];

/**
 * Reads a mining-pool list (`docs/spec/indicators.md`, "Pool lists"): YAML with `pools:`, each entry naming hosts,
 * suffixes, patterns, ports, schemes or texts, one {@link Pool} each. A broken entry gives faults and the others load.
 */
export function parsePoolFile(text: string, file: string): PoolFile {
  return new PoolListReader(file).read(text);
}

class PoolListReader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #pools: Pool[] = [];
  readonly #faults: Fault[] = [];
  readonly #ids = new Map<string, number>();

  constructor(file: string) {
    this.#file = file;
  }

  read(text: string): PoolFile {
    const deep = findDeepYaml(text);
    if (deep !== null) {
      const message = `yaml: expected at most ${maxYamlDepth} levels, got more`;
      this.#faults.push({ code: 'yaml-depth', message, place: { file: this.#file, ...deep }, severity: 'error' });
      return { pools: this.#pools, faults: this.#faults };
    }
    const document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: true, prettyErrors: false });
    for (const error of document.errors)
      this.#faultAt('yaml-syntax', `yaml: expected a document, got ${error.message}`, error.pos[0]);
    if (document.errors.length === 0 && this.#hasNoAlias(document.contents)) this.#readList(document.contents);
    return { pools: this.#pools, faults: this.#faults };
  }

  #hasNoAlias(root: Node | null): boolean {
    let aliases = 0;
    visit(root, {
      Alias: (_, node) => {
        aliases++;
        this.#fault('yaml-alias', 'yaml: expected the value itself, got an alias', node);
      },
    });
    return aliases === 0;
  }

  #readList(root: Node | null): void {
    if (!isMap(root)) {
      this.#fault('list-shape', `pool list: expected a map with "pools", got ${words(root)}`, root);
      return;
    }
    this.#refuseUnknown(root, listFields, 'pool list');
    const pools = root.get('pools', true) as Node | undefined;
    const defaults = root.get('defaults', true) as Node | undefined;
    if (defaults !== undefined && !isMap(defaults))
      this.#fault('list-shape', `defaults: expected a map, got ${words(defaults)}`, defaults);
    else if (defaults !== undefined) this.#refuseUnknown(defaults, detailFields, 'defaults');
    if (!isSeq(pools)) {
      this.#fault('list-shape', `pools: expected a list, got ${words(pools)}`, pools ?? root);
      return;
    }
    for (const entry of pools.items as Node[])
      if (isMap(entry)) this.#readEntry(entry, isMap(defaults) ? defaults : null);
      else this.#fault('list-shape', `pool: expected a map, got ${words(entry)}`, entry);
  }

  #readEntry(entry: YAMLMap, defaults: YAMLMap | null): void {
    const before = this.#faults.length;
    this.#refuseUnknown(entry, entryFields, 'pool');
    const fields = new EntryFields(entry, defaults, (field, node, said) =>
      this.#fault('field-invalid', `${field}: ${said}`, node),
    );
    const name = fields.text('pool');
    const source = fields.text('source');
    if (name === undefined) this.#missing('pool', entry);
    if (source === undefined) this.#missing('source', entry);
    const operator = fields.text('operator');
    const protocol = fields.oneOf('protocol', poolProtocols);
    const description = fields.text('description');
    const lastVerified = fields.day('lastVerified');
    const ports = fields.ports();
    const selectors = poolMatches.flatMap((match) => fields.list(match).map((node) => ({ match, node })));
    if (selectors.length === 0) this.#missing(`one of ${poolMatches.join(', ')}`, entry);
    const isNamed = selectors.some(({ match }) => match === 'host' || match === 'suffix' || match === 'address');
    const kind = fields.oneOf('kind', poolKinds) ?? (isNamed ? 'pool' : 'generic');
    const details = {
      ...(operator !== undefined && { operator }),
      coins: fields.coins(),
      ...(ports !== undefined && { ports }),
      ...(protocol !== undefined && { protocol }),
      source: source ?? '',
      ...(lastVerified !== undefined && { lastVerified }),
      score: fields.score() ?? defaultPoolScore,
      ...(description !== undefined && { description }),
    };
    if (this.#faults.length > before) return;
    for (const { match, node } of selectors) this.#readSelector({ kind, pool: name ?? '', ...details }, match, node);
  }

  #readSelector(details: Omit<Pool, 'match' | 'pattern'>, match: PoolMatch, node: Node): void {
    const written = isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number');
    const pattern = written
      ? normalisePattern(match, String(node.value))
      : { problem: `expected text, got ${words(node)}` };
    if (typeof pattern !== 'string') {
      this.#fault('field-invalid', `${match}: ${pattern.problem}`, node);
      return;
    }
    const { kind, pool, ...rest } = details;
    const found: Pool = { kind, match, pattern, pool, ...rest };
    const first = this.#ids.get(poolId(found));
    const line = this.#lines.linePos(node.range?.[0] ?? 0).line;
    if (first !== undefined) {
      const said = `expected each pattern once, got ${quote(pattern)} again, first on line ${first}`;
      this.#fault('duplicate', `${match}: ${said}`, node, 'warning');
      return;
    }
    this.#ids.set(poolId(found), line);
    this.#pools.push(found);
  }

  #refuseUnknown(map: YAMLMap, known: readonly string[], subject: string): void {
    for (const { key } of map.items as { key: Node }[]) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!known.includes(name))
        this.#fault('field-unknown', `${subject}: expected ${known.join(', ')}, got ${quote(name)}`, key);
    }
  }

  #missing(field: string, entry: Node): void {
    this.#fault('field-missing', `pool: expected ${field}, got none`, entry);
  }

  #fault(code: PoolFaultCode, message: string, node: Node | null, severity: Fault['severity'] = 'error'): void {
    this.#faultAt(code, message, node?.range?.[0] ?? 0, severity);
  }

  #faultAt(code: PoolFaultCode, message: string, offset: number, severity: Fault['severity'] = 'error'): void {
    const { line, col } = this.#lines.linePos(offset);
    this.#faults.push({
      code,
      message,
      place: { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) },
      severity,
    });
  }
}

type Refuse = (field: string, node: Node, said: string) => void;

/** The fields of one entry, with the list's defaults behind them; what is of the wrong form is refused and left out. */
class EntryFields {
  readonly #entry: YAMLMap;
  readonly #defaults: YAMLMap | null;
  readonly #refuse: Refuse;

  constructor(entry: YAMLMap, defaults: YAMLMap | null, refuse: Refuse) {
    this.#entry = entry;
    this.#defaults = defaults;
    this.#refuse = refuse;
  }

  text(field: string): string | undefined {
    const node = this.#node(field);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : null;
    if (typeof value === 'string' && value !== '' && value.length <= 1000) return value;
    this.#refuse(field, node, `expected text of 1 to 1000 characters, got ${words(node)}`);
    return undefined;
  }

  oneOf<T extends string>(field: string, values: readonly T[]): T | undefined {
    const text = this.text(field);
    const value = values.find((known) => known === text);
    if (text !== undefined && value === undefined)
      this.#refuse(field, this.#node(field) ?? this.#entry, `expected ${values.join(', ')}, got ${quote(text)}`);
    return value;
  }

  day(field: string): string | undefined {
    const text = this.text(field);
    if (text === undefined) return undefined;
    const time = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
    if (time !== null && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text)) return text;
    this.#refuse(field, this.#node(field) ?? this.#entry, `expected a day as YYYY-MM-DD, got ${quote(text)}`);
    return undefined;
  }

  score(): number | undefined {
    const node = this.#node('score');
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 100) return value;
    this.#refuse('score', node, `expected a whole number from 1 to 100, got ${words(node)}`);
    return undefined;
  }

  ports(): number[] | undefined {
    const ports = new Set<number>();
    for (const node of this.list('ports')) {
      const value = isScalar(node) ? node.value : null;
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) ports.add(value);
      else this.#refuse('ports', node, `expected ports from 1 to 65535, got ${words(node)}`);
    }
    return ports.size === 0 ? undefined : [...ports].sort((a, b) => a - b);
  }

  coins(): string[] {
    const coins = new Set<string>();
    for (const node of this.list('coin')) {
      const value = isScalar(node) && typeof node.value === 'string' ? node.value : '';
      if (coinPattern.test(value)) coins.add(value);
      else this.#refuse('coin', node, `expected a ticker symbol in capitals, got ${quote(value)}`);
    }
    return [...coins].sort((a, b) => (a < b ? -1 : 1));
  }

  /** One value or a list of them. */
  list(field: string): Node[] {
    const node = this.#node(field);
    if (node === undefined) return [];
    return isSeq(node) ? (node.items as Node[]) : [node];
  }

  #node(field: string): Node | undefined {
    return this.#entry.get(field, true) ?? this.#defaults?.get(field, true);
  }
}

function words(node: Node | null | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  const value: unknown = isScalar(node) ? node.value : null;
  return value === null ? 'nothing' : shown(value);
}
