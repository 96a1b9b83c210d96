import { parseCondition, namesIn, type Condition } from './condition.js';
import { nodeWords } from './document.js';
import type { Entry, MapNode, Node, ScalarNode } from './document.js';
import type { FaultLog } from './faults.js';
import { checkChain, takesAnyText, type Modifier } from './modifiers.js';
import { compileRegex, isFault, testsOf, type Value } from './operation.js';
import { expandPlaceholders, type Placeholders } from './placeholder.js';

/** One line of a selection: a field (none: keywords), its modifiers in the order written, its values. */
export interface Item {
  readonly field?: string;
  readonly modifiers?: readonly Modifier[];
  readonly values: readonly Value[];
}

/** A selection in the shape of the normal form. */
export type Detection = Item | { readonly all: readonly Detection[] } | { readonly any: readonly Detection[] };

export interface DetectionSection {
  readonly selections: Readonly<Record<string, Detection>>;
  readonly condition: Condition;
}

/** Reads the `detection` of a rule, or the `filter` of a filter without its `rules`; null when it has a fault. */
export class DetectionReader {
  readonly #log: FaultLog;
  readonly #placeholders: Placeholders;

  constructor(log: FaultLog, placeholders: Placeholders) {
    this.#log = log;
    this.#placeholders = placeholders;
  }

  read(section: MapNode, reserved: ReadonlySet<string>): DetectionSection | null {
    const selections = new Map<string, Detection>();
    const names = new Map<string, number>();
    let isWhole = true;
    for (const { key, keyOffset, value } of section.entries.values()) {
      if (key === 'condition' || reserved.has(key)) continue;
      if (key === 'timeframe') {
        const message =
          'detection: expected no "timeframe" (obsolete since Sigma 2.0: write a correlation rule), got one';
        this.#log.error('aggregation-obsolete', message, keyOffset);
        isWhole = false;
        continue;
      }
      names.set(key, keyOffset);
      const selection = this.#selection(key, value);
      if (selection === null) isWhole = false;
      else selections.set(key, selection);
    }
    const condition = this.#condition(section, names);
    if (!isWhole || condition === null) return null;
    return { selections: Object.fromEntries(selections), condition };
  }

  #condition(section: MapNode, names: ReadonlyMap<string, number>): Condition | null {
    const node = section.entries.get('condition')?.value;
    const texts = node?.kind === 'list' ? node.items : node ? [node] : [];
    if (texts.length === 0) {
      this.#log.error('condition-missing', 'detection: expected a condition, got none', section.offset);
      return null;
    }
    const conditions: Condition[] = [];
    for (const text of texts) {
      if (text.kind !== 'scalar' || typeof text.value !== 'string') {
        this.#log.error(
          'condition-syntax',
          `condition: expected text or a list of texts, got ${nodeWords(text)}`,
          text.offset,
        );
        continue;
      }
      const { condition, faults } = parseCondition(text.value, new Set(names.keys()));
      for (const { code, message, offset } of faults)
        this.#log.error(code, message, text.textOffset === null ? text.offset : text.textOffset + offset);
      if (condition !== null) conditions.push(condition);
    }
    if (conditions.length < texts.length) return null;
    const condition: Condition = conditions.length === 1 ? (conditions[0] as Condition) : ['or', ...conditions];
    const used = namesIn(condition, [...names.keys()]);
    for (const [name, offset] of names)
      if (!used.has(name))
        this.#log.warning('selection-unused', `selection "${name}": expected a use in the condition, got none`, offset);
    return condition;
  }

  #selection(name: string, node: Node): Detection | null {
    if (node.kind === 'scalar') return this.#keywords(name, [node]);
    if (node.kind === 'map') return this.#map(name, node);
    if (node.items.length === 0) return this.#empty(name, node.offset);
    const alternatives: (Detection | null)[] = [];
    const keywords: ScalarNode[] = [];
    for (const item of node.items) {
      if (item.kind === 'scalar') keywords.push(item);
      else if (item.kind === 'map') alternatives.push(this.#map(name, item));
      else {
        const message = `selection "${name}": expected values or maps in the list, got a list`;
        this.#log.error('selection-shape', message, item.offset);
        alternatives.push(null);
      }
    }
    if (keywords.length > 0) alternatives.unshift(this.#keywords(name, keywords));
    if (alternatives.includes(null)) return null;
    return alternatives.length === 1 ? (alternatives[0] as Detection) : { any: alternatives as Detection[] };
  }

  #keywords(name: string, nodes: readonly ScalarNode[]): Item | null {
    return this.#item(name, undefined, [], nodes, nodes[0]?.offset ?? 0);
  }

  #map(name: string, node: MapNode): Detection | null {
    if (node.entries.size === 0) return this.#empty(name, node.offset);
    const items = [...node.entries.values()].map((entry) => this.#entry(name, entry));
    if (items.includes(null)) return null;
    return items.length === 1 ? (items[0] as Item) : { all: items as Item[] };
  }

  #empty(name: string, offset: number): null {
    this.#log.error('selection-empty', `selection "${name}": expected at least one value, got none`, offset);
    return null;
  }

  #entry(name: string, { key, keyOffset, value }: Entry): Item | null {
    const [field = '', ...modifiers] = key.split('|');
    const nodes = value.kind === 'list' ? value.items : [value];
    if (value.kind === 'map' || nodes.some((node) => node.kind !== 'scalar')) {
      const message = `selection "${name}", field "${field}": expected a value or a list of values, got ${value.kind === 'map' ? 'a map' : 'a list with more than values in it'}`;
      this.#log.error('selection-shape', message, value.offset);
      return null;
    }
    if (nodes.length === 0) return this.#empty(name, value.offset);
    return this.#item(name, field === '' ? undefined : field, modifiers, nodes as ScalarNode[], keyOffset);
  }

  #item(
    name: string,
    field: string | undefined,
    modifierNames: readonly string[],
    nodes: readonly ScalarNode[],
    offset: number,
  ): Item | null {
    const subject = `selection "${name}", ${field === undefined ? 'keywords' : `field "${field}"`}`;
    const chain = checkChain(modifierNames, field !== undefined);
    if ('code' in chain) {
      const skipped = modifierNames.slice(0, chain.index).reduce((sum, modifier) => sum + modifier.length + 1, 0);
      this.#log.error(chain.code, `${subject}: ${chain.message}`, offset + (field ?? '').length + 1 + skipped);
      return null;
    }
    const modifiers = chain.modifiers.filter((modifier) => modifier !== 'expand');
    const isExpanded = modifiers.length < chain.modifiers.length;
    const values: Value[] = [];
    let isWhole = true;
    for (const node of nodes) {
      const expanded = isExpanded ? this.#expand(subject, node) : [node.value];
      for (const value of expanded ?? [])
        isWhole = this.#checkValue(subject, field, modifiers, nodes, node, value) && isWhole;
      if (expanded === null) isWhole = false;
      else values.push(...expanded);
    }
    if (modifiers.includes('all') && nodes.length === 1 && !isExpanded) {
      this.#log.error('all-single-value', `${subject}: expected several values for "all", got one`, offset);
      return null;
    }
    if (!isWhole) return null;
    return {
      ...(field !== undefined && { field }),
      ...(modifiers.length > 0 && { modifiers }),
      values,
    };
  }

  #expand(subject: string, node: ScalarNode): readonly string[] | null {
    if (typeof node.value !== 'string') {
      this.#log.error('modifier-value', `${subject}: expected text for "expand", got ${nodeWords(node)}`, node.offset);
      return null;
    }
    const expanded = expandPlaceholders(node.value, this.#placeholders);
    if (!isFault(expanded)) return expanded;
    this.#log.error(expanded.code, `${subject}: ${expanded.message}`, node.offset);
    return null;
  }

  #checkValue(
    subject: string,
    field: string | undefined,
    modifiers: readonly Modifier[],
    nodes: readonly ScalarNode[],
    node: ScalarNode,
    value: Value,
  ): boolean {
    if (value === null && nodes.length > 1) {
      this.#log.error('null-in-list', `${subject}: expected no null in a list of values, got one`, node.offset);
      return false;
    }
    if (field === undefined && (value === null || value === '')) {
      this.#log.error('value-type', `${subject}: expected text to look for, got nothing`, node.offset);
      return false;
    }
    if (typeof value === 'string' && modifiers.every((modifier) => takesAnyText.has(modifier))) return true;
    const tests = testsOf(modifiers, value);
    const [first] = isFault(tests) ? [] : tests;
    const made = first?.kind === 'regex' ? compileRegex(first.source, first.flags) : tests;
    if (!isFault(made)) return true;
    this.#log.error(made.code, `${subject}: ${made.message}`, node.offset);
    return false;
  }
}
