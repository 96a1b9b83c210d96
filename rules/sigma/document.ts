import { Composer, isAlias, isMap, isScalar, isSeq, Parser, type Alias, type CST, type ParsedNode } from 'yaml';
import { findDeepToken, maxYamlDepth } from '../yaml-depth.js';
import type { FaultLog } from './faults.js';

/** A YAML node with the offset of its first character in the file. */
export type Node = ScalarNode | ListNode | MapNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly offset: number;
  /** Where the text of a plain or quoted one-line scalar starts; null where offsets inside it cannot be told. */
  readonly textOffset: number | null;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly offset: number;
}

export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly offset: number;
}

export interface Entry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: Node;
}

export const maxFileLength = 2 * 1024 * 1024;
export const maxNodes = 200_000;

/**
 * The documents of a YAML 1.2 file (core schema, so that dates stay text), each the tree of its nodes. Documents with
 * faults of their YAML are left out; empty documents are skipped.
 *
 * Numbers that begin with 0 and another digit stay text as written: YAML 1.1, which most Sigma tools read, takes
 * `00000429` as text and `0777` as octal, YAML 1.2 takes both as decimal. So do integers beyond 2^53.
 *
 * The file is parsed once. Offsets come with the nodes, lines and columns are counted only for a fault.
 */
export function parseDocuments(text: string, log: FaultLog): Node[] {
  if (text.length > maxFileLength) {
    log.error('yaml-size', `file: expected at most ${maxFileLength} characters, got ${text.length}`, 0);
    return [];
  }
  const nodes: Node[] = [];
  const options = { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const;
  const tokens = new Parser().parse(text);
  for (const document of new Composer(options).compose(shallowTokens(tokens, log))) {
    for (const error of document.errors) log.error('yaml-syntax', `yaml: ${oneLine(error.message)}`, error.pos[0]);
    for (const warning of document.warnings) log.error('yaml-tag', `yaml: ${oneLine(warning.message)}`, warning.pos[0]);
    if (document.errors.length > 0 || document.warnings.length > 0 || document.contents === null) continue;
    const node = new NodeReader(text, log).read(document.contents, 0);
    if (node !== null && !(node.kind === 'scalar' && node.value === null)) nodes.push(node);
  }
  return nodes;
}

/** Ends the file at a document that is nested too deep: the composer, which recurses, must not see it. */
function* shallowTokens(tokens: Iterable<CST.Token>, log: FaultLog): Generator<CST.Token> {
  for (const token of tokens) {
    const offset = token.type === 'document' ? findDeepToken(token.value) : null;
    if (offset !== null) {
      log.error('yaml-depth', `document: expected at most ${maxYamlDepth} levels, got more`, offset);
      return;
    }
    yield token;
  }
}

/** Makes our tree of one document; aliases are followed within the node budget, so that no bomb can grow. */
class NodeReader {
  readonly #text: string;
  readonly #log: FaultLog;
  readonly #anchors = new Map<string, ParsedNode>();
  #nodes = 0;
  #refused = false;

  constructor(text: string, log: FaultLog) {
    this.#text = text;
    this.#log = log;
  }

  /** Null once the document has a fault that leaves it out. */
  read(root: ParsedNode, depth: number): Node | null {
    const node = this.#read(root, depth);
    return this.#refused ? null : node;
  }

  #read(node: ParsedNode | Alias.Parsed | null, depth: number): Node {
    const offset = node?.range[0] ?? 0;
    const nothing: ScalarNode = { kind: 'scalar', value: null, offset, textOffset: null };
    if (node === null || this.#refused) return nothing;
    if (++this.#nodes > maxNodes) return this.#refuse('yaml-size', `at most ${maxNodes} nodes`, offset, nothing);
    if (depth > maxYamlDepth) return this.#refuse('yaml-depth', `at most ${maxYamlDepth} levels`, offset, nothing);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (!target) return this.#refuse('yaml-alias', 'an alias of an anchor that stands before it', offset, nothing);
      return this.#read(target, depth + 1);
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node.value, node.source, node.type, offset);
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => this.#read(item, depth + 1)), offset };
    if (!isMap(node)) return nothing;
    const entries = new Map<string, Entry>();
    for (const { key, value } of node.items) {
      const keyOffset = key.range[0];
      const name = isScalar(key) ? keyText(key.value, key.source) : null;
      if (name === null) this.#fault('yaml-key', 'map: expected scalar keys, got a list or a map', keyOffset);
      else if (!name.isWellFormed())
        this.#fault('yaml-syntax', 'key: expected well-formed text, got a lone surrogate', keyOffset);
      else if (name === '<<')
        this.#fault('yaml-merge-key', 'map: expected no merge key (YAML 1.1), got "<<"', keyOffset);
      else if (entries.has(name))
        this.#fault('yaml-duplicate-key', `map: expected each key once, got "${name}" again`, keyOffset);
      else entries.set(name, { key: name, keyOffset, value: this.#read(value, depth + 1) });
    }
    return { kind: 'map', entries, offset };
  }

  #scalar(value: unknown, source: string | undefined, type: string | undefined, offset: number): ScalarNode {
    const isInline = type === 'PLAIN' || type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE';
    const textOffset = !isInline ? null : type === 'PLAIN' ? offset : offset + 1;
    if (typeof value === 'number') {
      const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
      const written = source ?? String(value);
      return { kind: 'scalar', value: isExact && !/^[-+]?0\d/.test(written) ? value : written, offset, textOffset };
    }
    if (typeof value === 'string' && !value.isWellFormed())
      this.#fault('yaml-syntax', 'scalar: expected well-formed text, got a lone surrogate', offset);
    const known = typeof value === 'string' || typeof value === 'boolean' ? value : null;
    const isVerbatim = textOffset !== null && typeof known === 'string' && this.#text.startsWith(known, textOffset);
    return { kind: 'scalar', value: known, offset, textOffset: isVerbatim ? textOffset : null };
  }

  #refuse(code: 'yaml-size' | 'yaml-depth' | 'yaml-alias', expected: string, offset: number, node: Node): Node {
    this.#fault(code, `document: expected ${expected}, got more or others`, offset);
    return node;
  }

  #fault(code: Parameters<FaultLog['error']>[0], message: string, offset: number): void {
    this.#log.error(code, message, offset);
    this.#refused = true;
  }
}

function keyText(value: unknown, source: string | undefined): string | null {
  if (typeof value === 'string') return value;
  return value === null || typeof value === 'number' || typeof value === 'boolean' ? (source ?? String(value)) : null;
}

/** The parser's own words without the excerpt that it may append. */
function oneLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}

/** Text of a scalar that may have been written without quotes; null for other nodes and for null. */
export function textOf(node: Node): string | null {
  return node.kind !== 'scalar' || node.value === null ? null : String(node.value);
}

/** What a node is, for a message. */
export function nodeWords(node: Node | undefined): string {
  if (!node) return 'none';
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  return node.value === null ? 'null' : JSON.stringify(String(node.value).slice(0, 100));
}
