import { parseCondition, type Condition } from './condition.js';
import { textOf, type MapNode, type Node, nodeWords } from './document.js';
import type { FaultLog, SigmaFaultCode } from './faults.js';

export const correlationTypes = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const;
export type CorrelationType = (typeof correlationTypes)[number];

export const bounds = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
export type Bound = (typeof bounds)[number];

/** All bounds must hold (two make a range). `field` and `percentile` belong to the value types. */
export type Threshold = { readonly [bound in Bound]?: number } & {
  readonly field?: readonly string[];
  readonly percentile?: number;
};

/** The `correlation` of a rule in the shape of the normal form (Sigma 2.1, correlation rules). */
export interface Correlation {
  readonly type: CorrelationType;
  /** Ids or names of rules, correlations among them. */
  readonly rules: readonly string[];
  readonly groupBy?: readonly string[];
  readonly timespanSeconds: number;
  readonly condition?: Threshold;
  /** The boolean condition of a temporal type over the referred rules (pySigma's extended condition). */
  readonly expression?: Condition;
  /** Alias → rule (as it is referred to) → field of its events. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** True: the referred rules also report their own matches. */
  readonly generate?: true;
}

/** As pySigma takes them: a month and a year are those of the Gregorian calendar on average. */
const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, M: 2_629_746, y: 31_556_952 } as const;
export const maxTimespanSeconds = 366 * 86_400;
const known = new Set(['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate']);

/** Reads a correlation section; null when it has a fault. */
export class CorrelationReader {
  readonly #log: FaultLog;
  readonly #section: MapNode;
  #isWhole = true;

  constructor(log: FaultLog, section: MapNode) {
    this.#log = log;
    this.#section = section;
  }

  /** @param generate what stands outside the section, where the specification's list of attributes has it */
  read(generate: Node | undefined): Correlation | null {
    for (const { key, keyOffset } of this.#section.entries.values())
      if (!known.has(key))
        this.#fault('correlation-invalid', `expected one of ${[...known].join(', ')}, got "${key}"`, keyOffset);
    const type = this.#type();
    const isTemporal = type === 'temporal' || type === 'temporal_ordered';
    const condition = this.#node('condition');
    const isExpression = condition?.kind === 'scalar' && typeof condition.value === 'string';
    const rules = this.#rules(isTemporal && isExpression);
    const expression =
      isExpression && type !== null ? this.#expression(condition.value, rules, isTemporal, condition) : null;
    const threshold = isExpression || type === null ? null : this.#threshold(type, condition);
    const groupBy = this.#texts('group-by', 'correlation-group-by') ?? [];
    const timespanSeconds = this.#timespan();
    const aliases = this.#aliases();
    const isGenerating = this.#generate(generate);
    if (!this.#isWhole || type === null || timespanSeconds === null) return null;
    return {
      type,
      rules: rules.length > 0 ? rules : (expression?.names ?? []),
      ...(groupBy.length > 0 && { groupBy }),
      timespanSeconds,
      ...(threshold && { condition: threshold }),
      ...(expression && { expression: expression.condition }),
      ...(aliases && { aliases }),
      ...(isGenerating && { generate: true }),
    };
  }

  #node(name: string): Node | undefined {
    return this.#section.entries.get(name)?.value;
  }

  #fault(code: SigmaFaultCode, message: string, offset = this.#section.offset): null {
    this.#log.error(code, `correlation: ${message}`, offset);
    this.#isWhole = false;
    return null;
  }

  #type(): CorrelationType | null {
    const node = this.#node('type');
    const text = node && textOf(node);
    const type = correlationTypes.find((name) => name === text);
    if (type) return type;
    const message = `expected a type out of ${correlationTypes.join(', ')}, got ${nodeWords(node)}`;
    return this.#fault('correlation-type', message, node?.offset);
  }

  #rules(isOptional: boolean): readonly string[] {
    const rules = this.#texts('rules', 'correlation-rules') ?? [];
    if (rules.length === 0 && !(isOptional && !this.#node('rules')))
      this.#fault('correlation-rules', 'expected the ids or names of rules, got none', this.#node('rules')?.offset);
    if (new Set(rules).size < rules.length)
      this.#fault('correlation-rules', 'expected each rule once, got one again', this.#node('rules')?.offset);
    return rules.map((rule) => (isUuid(rule) ? rule.toLowerCase() : rule));
  }

  /** A text or a list of texts; undefined when absent or broken. */
  #texts(name: string, code: SigmaFaultCode): readonly string[] | undefined {
    const node = this.#node(name);
    if (!node || (node.kind === 'scalar' && node.value === null)) return undefined;
    const texts = node.kind === 'list' ? node.items.map(textOf) : [textOf(node)];
    if (texts.every((text) => text !== null && text !== '')) return texts as string[];
    this.#fault(code, `expected text or a list of texts as ${name}, got ${nodeWords(node)}`, node.offset);
    return undefined;
  }

  #timespan(): number | null {
    const node = this.#node('timespan');
    const text = node && textOf(node);
    const match = /^(\d{1,9})([smhdwMy])$/.exec(text ?? '');
    const seconds = match ? Number(match[1]) * unitSeconds[match[2] as keyof typeof unitSeconds] : 0;
    if (seconds > 0 && seconds <= maxTimespanSeconds) return seconds;
    const message = `expected a timespan as a number and s, m, h, d, w, M or y, at most 366d, got ${nodeWords(node)}`;
    return this.#fault('correlation-timespan', message, node?.offset);
  }

  #threshold(type: CorrelationType, node: Node | undefined): Threshold | null {
    const isTemporal = type === 'temporal' || type === 'temporal_ordered';
    if (!node && isTemporal) return null;
    if (node?.kind !== 'map')
      return this.#fault('correlation-condition', 'expected a condition map, got none', node?.offset);
    const threshold: Record<string, number | string[]> = {};
    for (const { key, keyOffset, value } of node.entries.values()) {
      const number = value.kind === 'scalar' && typeof value.value === 'number' ? value.value : null;
      if (bounds.some((bound) => bound === key) && number !== null) threshold[key] = number;
      else if (key === 'percentile' && type === 'value_percentile' && number !== null && number >= 0 && number <= 100)
        threshold['percentile'] = number;
      else if (key === 'field') {
        const fields = value.kind === 'list' ? value.items.map(textOf) : [textOf(value)];
        if (fields.length > 0 && fields.every((field) => field !== null && field !== ''))
          threshold['field'] = fields as string[];
        else
          this.#fault(
            'correlation-condition',
            `expected a field name or a list of them, got ${nodeWords(value)}`,
            value.offset,
          );
      } else
        this.#fault(
          'correlation-condition',
          `expected ${bounds.join(', ')} with a number, or field, got "${key}"`,
          keyOffset,
        );
    }
    const isValueType = type.startsWith('value_');
    const fieldCount = (threshold['field'] as string[] | undefined)?.length ?? 0;
    if (!bounds.some((bound) => bound in threshold))
      this.#fault('correlation-condition', `expected one of ${bounds.join(', ')}, got none`, node.offset);
    if (isValueType && fieldCount === 0)
      this.#fault('correlation-condition', `expected a field for ${type}, got none`, node.offset);
    if (!isValueType && fieldCount > 0)
      this.#fault('correlation-condition', `expected no field for ${type}, got one`, node.offset);
    if (isValueType && type !== 'value_count' && fieldCount > 1)
      this.#fault('correlation-condition', `expected one field for ${type}, got ${fieldCount}`, node.offset);
    return threshold;
  }

  #expression(
    text: string,
    rules: readonly string[],
    isTemporal: boolean,
    node: Node,
  ): { condition: Condition; names: readonly string[] } | null {
    if (!isTemporal)
      return this.#fault(
        'correlation-condition',
        'expected a condition map, got text (temporal types only)',
        node.offset,
      );
    const words = text.match(/[A-Za-z0-9_-]+/g) ?? [];
    const names = rules.length > 0 ? rules : [...new Set(words.filter((word) => !/^(?:and|or|not)$/i.test(word)))];
    const { condition, faults } = parseCondition(text, new Set(names));
    for (const { code, message } of faults) this.#fault(code, message, node.offset);
    return condition === null ? null : { condition, names };
  }

  #aliases(): Correlation['aliases'] | null {
    const node = this.#node('aliases');
    if (!node) return null;
    const aliases: Record<string, Record<string, string>> = {};
    for (const [alias, { value }] of node.kind === 'map' ? node.entries : []) {
      const fields = value.kind === 'map' ? [...value.entries].map(([rule, entry]) => [rule, textOf(entry.value)]) : [];
      if (fields.length > 0 && fields.every(([, field]) => field !== null && field !== ''))
        aliases[alias] = Object.fromEntries(fields) as Record<string, string>;
      else
        this.#fault(
          'correlation-aliases',
          `expected rule names with their fields in "${alias}", got ${nodeWords(value)}`,
          value.offset,
        );
    }
    if (node.kind !== 'map' || node.entries.size === 0)
      return this.#fault('correlation-aliases', `expected a map of aliases, got ${nodeWords(node)}`, node.offset);
    return aliases;
  }

  #generate(outside: Node | undefined): boolean {
    const node = this.#node('generate') ?? outside;
    if (!node) return false;
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
    this.#fault('correlation-invalid', `expected true or false as generate, got ${nodeWords(node)}`, node.offset);
    return false;
  }
}

/** For messages: the value, or what kind of node stands in its place. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
