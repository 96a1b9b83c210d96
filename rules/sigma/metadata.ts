import { textOf, type MapNode, type Node, nodeWords } from './document.js';
import type { FaultLog } from './faults.js';

export const statuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;
export type Status = (typeof statuses)[number];

/** From least to most severe. */
export const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof levels)[number];

export const relations = ['derived', 'obsolete', 'merged', 'renamed', 'similar'] as const;
export type Relation = (typeof relations)[number];

/** What every kind of Sigma document says about itself; fields outside the specification are dropped. */
export interface Metadata {
  readonly id: string;
  readonly title: string;
  readonly name?: string;
  readonly status?: Status;
  readonly level?: Level;
  readonly description?: string;
  readonly license?: string;
  readonly author?: string;
  readonly taxonomy?: string;
  readonly date?: string;
  readonly modified?: string;
  readonly references?: readonly string[];
  readonly tags?: readonly string[];
  readonly fields?: readonly string[];
  readonly falsepositives?: readonly string[];
  readonly scope?: readonly string[];
  readonly related?: readonly { readonly id: string; readonly type: Relation }[];
}

export interface LogSource {
  readonly category?: string;
  readonly product?: string;
  readonly service?: string;
  readonly definition?: string;
}

const maxLengths = { title: 256, name: 256, taxonomy: 256, description: 65_535 } as const;
const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const datePattern = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const tagPattern = /^[a-z0-9_-]+\.[a-z0-9._-]+$/;

/** Reads what stands around a detection, a correlation or a filter; null without a usable title. */
export class MetadataReader {
  readonly #log: FaultLog;
  readonly #document: MapNode;

  constructor(log: FaultLog, document: MapNode) {
    this.#log = log;
    this.#document = document;
  }

  /** The id in lower case, undefined when there is none, null when it is no UUID. */
  readId(): string | null | undefined {
    const entry = this.#document.entries.get('id');
    if (!entry) return undefined;
    const id = textOf(entry.value) ?? '';
    if (idPattern.test(id)) return id.toLowerCase();
    this.#log.error('id-invalid', `id: expected a UUID, got "${id}"`, entry.value.offset);
    return null;
  }

  read(): Omit<Metadata, 'id'> | null {
    const title = this.#text('title');
    if (title === undefined)
      this.#log.error('title-missing', 'rule: expected a title, got none', this.#document.offset);
    const status = this.#oneOf('status', statuses);
    const level = this.#oneOf('level', levels);
    if (title === undefined || status === null || level === null) return null;
    return present({
      title,
      name: this.#text('name'),
      status,
      level,
      description: this.#text('description'),
      license: this.#text('license'),
      author: this.#text('author'),
      taxonomy: this.#text('taxonomy'),
      date: this.#date('date'),
      modified: this.#date('modified'),
      references: this.#list('references'),
      tags: this.#tags(),
      fields: this.#list('fields'),
      falsepositives: this.#list('falsepositives'),
      scope: this.#list('scope'),
      related: this.#related(),
    });
  }

  /** Null when it is missing, is no map or names no source. */
  readLogSource(): LogSource | null {
    const node = this.#document.entries.get('logsource')?.value;
    if (node?.kind !== 'map') {
      const offset = node?.offset ?? this.#document.offset;
      this.#log.error('logsource-missing', 'rule: expected a logsource map, got none', offset);
      return null;
    }
    const source: Record<string, string> = {};
    for (const name of ['category', 'product', 'service', 'definition']) {
      const entry = node.entries.get(name);
      const text = entry && textOf(entry.value);
      if (typeof text === 'string' && text !== '') source[name] = text;
      else if (entry)
        this.#log.error(
          'logsource-invalid',
          `logsource: expected text as ${name}, got ${nodeWords(entry.value)}`,
          entry.value.offset,
        );
    }
    if ('category' in source || 'product' in source || 'service' in source) return source;
    const message = 'logsource: expected a category, product or service, got none';
    this.#log.error('logsource-invalid', message, node.offset);
    return null;
  }

  #text(name: string): string | undefined {
    const entry = this.#document.entries.get(name);
    if (!entry || (entry.value.kind === 'scalar' && entry.value.value === null)) return undefined;
    const text = textOf(entry.value);
    if (text === null) {
      this.#log.error('metadata-type', `${name}: expected text, got a list or map`, entry.value.offset);
      return undefined;
    }
    const max = Object.hasOwn(maxLengths, name) ? maxLengths[name as keyof typeof maxLengths] : undefined;
    if (max !== undefined && text.length > max)
      this.#log.warning(
        'metadata-length',
        `${name}: expected at most ${max} characters, got ${text.length}`,
        entry.value.offset,
      );
    return text === '' ? undefined : text;
  }

  /** Null for a value outside the list: filters of a pack rest on status and level, so nothing is guessed. */
  #oneOf<T extends string>(name: 'status' | 'level', allowed: readonly T[]): T | null | undefined {
    const text = this.#text(name);
    const known = allowed.find((value) => value === text);
    if (text === undefined || known !== undefined) return known;
    const offset = this.#document.entries.get(name)?.value.offset ?? 0;
    this.#log.error(`${name}-unknown`, `${name}: expected one of ${allowed.join(', ')}, got "${text}"`, offset);
    return null;
  }

  #date(name: 'date' | 'modified'): string | undefined {
    const text = this.#text(name);
    if (text !== undefined && !datePattern.test(text)) {
      const offset = this.#document.entries.get(name)?.value.offset ?? 0;
      this.#log.warning('date-invalid', `${name}: expected YYYY-MM-DD, got "${text}"`, offset);
    }
    return text;
  }

  #list(name: string): string[] | undefined {
    const node = this.#document.entries.get(name)?.value;
    if (!node || (node.kind === 'scalar' && node.value === null)) return undefined;
    const texts = node.kind === 'list' ? node.items.map(textOf) : [null];
    if (texts.includes(null)) {
      this.#log.error('metadata-type', `${name}: expected a list of texts, got ${nodeWords(node)}`, node.offset);
      return undefined;
    }
    return texts.length === 0 ? undefined : (texts as string[]);
  }

  #tags(): string[] | undefined {
    const tags = this.#list('tags');
    const node = this.#document.entries.get('tags')?.value;
    for (const [index, tag] of (tags ?? []).entries())
      if (!tagPattern.test(tag)) {
        const offset = node?.kind === 'list' ? (node.items[index]?.offset ?? 0) : 0;
        this.#log.warning('tag-invalid', `tags: expected a lower-case "namespace.name", got "${tag}"`, offset);
      }
    return tags;
  }

  #related(): Metadata['related'] {
    const node = this.#document.entries.get('related')?.value;
    if (!node || (node.kind === 'scalar' && node.value === null)) return undefined;
    const related = node.kind === 'list' ? node.items.map(readRelation) : [];
    if (related.length > 0 && !related.includes(null)) return related as { id: string; type: Relation }[];
    const message = `related: expected a list of id (UUID) and type (${relations.join(', ')}), got ${nodeWords(node)}`;
    this.#log.error('metadata-type', message, node.offset);
    return undefined;
  }
}

function readRelation(node: Node): { id: string; type: Relation } | null {
  if (node.kind !== 'map') return null;
  const [id, type] = ['id', 'type'].map((name) => {
    const entry = node.entries.get(name);
    return entry ? textOf(entry.value) : null;
  });
  const relation = relations.find((known) => known === type);
  return typeof id === 'string' && idPattern.test(id) && relation ? { id: id.toLowerCase(), type: relation } : null;
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the members that are undefined. */
function present<T extends object>(value: T): Partial<Present<T>> & { title: string } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Present<T> & {
    title: string;
  };
}
