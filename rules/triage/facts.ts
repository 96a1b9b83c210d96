import type { EventShape, FieldValue, FlatEvent, Scalar } from '../../events/event.js';
import { antivirusFacts } from './antivirus-facts.js';
import { factKind, type FactKind, originsOf } from './fact.js';
import { type Facts, type FactValue, isEmptyFact } from './fact-value.js';
import type { Matrix } from './matrix.js';
import { proxyFacts } from './proxy-facts.js';
import { WallClock } from './wall-clock.js';

/** Where the fields of events of one shape hold the facts. */
interface ShapePlan {
  readonly channelSlot: number;
  readonly facts: readonly { readonly fact: string; readonly kind: FactKind; readonly slots: readonly number[] }[];
}

/** Reads the facts of events as a matrix's `facts` and `events` say. */
export class FactReader {
  readonly #matrix: Pick<Matrix, 'triage' | 'events' | 'facts'>;
  readonly #channels: ReadonlySet<string>;
  readonly #clock: WallClock;
  readonly #plans = new WeakMap<EventShape, ShapePlan | 'another'>();

  constructor(matrix: Pick<Matrix, 'triage' | 'events' | 'facts' | 'timeZone'>) {
    this.#matrix = matrix;
    this.#channels = new Set(matrix.events.channels?.map((channel) => channel.toLowerCase()));
    this.#clock = new WallClock(matrix.timeZone ?? 'UTC');
  }

  /** Whether events with these fields can be of the matrix; what they hold says whether they are. */
  accepts(shape: EventShape): boolean {
    return this.#planOf(shape) !== 'another';
  }

  /** Null for an event of another kind. */
  read(event: FlatEvent): Facts | null {
    const plan = this.#planOf(event.shape);
    if (plan === 'another') return null;
    if (plan.channelSlot >= 0) {
      const { channel } = event;
      if (channel !== null && !this.#channels.has(channel.toLowerCase())) return null;
    }
    const facts: Facts = new Map();
    for (const { fact, kind, slots } of plan.facts) {
      const value = readFact(event.values, slots, kind);
      if (value !== null) facts.set(fact, value);
    }
    const { triage, events } = this.#matrix;
    const { needs, needsOneOf } = events;
    if (needsOneOf?.every((fact) => isEmptyFact(facts.get(fact)))) return null;
    if (triage === 'antivirus') antivirusFacts(facts);
    else proxyFacts(facts);
    for (const fact of needs) if (isEmptyFact(facts.get(fact))) return null;
    if (event.timeMs !== null) {
      const { hour, weekday } = this.#clock.at(event.timeMs);
      facts.set('hour', hour).set('weekday', weekday);
    }
    return facts;
  }

  #planOf(shape: EventShape): ShapePlan | 'another' {
    const known = this.#plans.get(shape);
    if (known !== undefined) return known;
    const plan = this.#makePlan(shape);
    this.#plans.set(shape, plan);
    return plan;
  }

  #makePlan(shape: EventShape): ShapePlan | 'another' {
    const { triage, events, facts } = this.#matrix;
    if (events.unless?.some((field) => shape.slotOf(field) >= 0)) return 'another';
    const read = Object.entries(facts).flatMap(([fact, fields]) => {
      const slots = fields.map((field) => shape.slotOf(field)).filter((slot) => slot >= 0);
      return slots.length === 0 ? [] : [{ fact, kind: factKind(triage, fact) ?? 'text', slots }];
    });
    const held = new Set(read.map(({ fact }) => fact));
    const canHave = (fact: string): boolean => [fact, ...originsOf(triage, fact)].some((name) => held.has(name));
    if (!events.needs.every(canHave) || events.needsOneOf?.some((fact) => held.has(fact)) === false) return 'another';
    return { channelSlot: shape.channelSlot, facts: read };
  }
}

/** The first of the fields that says something; an empty text when one is there and none says anything. */
function readFact(
  values: readonly (FieldValue | undefined)[],
  slots: readonly number[],
  kind: FactKind,
): FactValue | null {
  let found: FactValue | null = null;
  for (const slot of slots) {
    const value = values[slot];
    if (value === undefined) continue;
    const read = kind === 'number' ? toNumber(value) : toText(value);
    if (read !== null && !isEmptyFact(read)) return read;
    found ??= read;
  }
  return found;
}

function toText(value: FieldValue): FactValue | null {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  return value.map((entry) => String(entry ?? ''));
}

function toNumber(value: FieldValue): number | null {
  if (typeof value === 'number') return value;
  const text = Array.isArray(value) ? (value as readonly Scalar[])[0] : value;
  if (typeof text === 'number') return text;
  return typeof text === 'string' && /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : null;
}
