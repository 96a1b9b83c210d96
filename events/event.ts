import type { LogSource } from './log-source.js';

/** What one field can hold. 64-bit integers beyond 2^53 come as decimal text, hexadecimal integers as `0x…` text. */
export type Scalar = string | number | boolean | null;

/** A list is a field that the record names several times: an item matches it when it matches any of its entries. */
export type FieldValue = Scalar | readonly Scalar[];

/** One spelling for look-ups: Sigma writes field names without the log's blanks, and case must not matter. */
export function foldFieldName(name: string): string {
  return name.replaceAll(' ', '').toLowerCase();
}

/**
 * The field names of a kind of event. Events of one make share one shape object, so whatever depends on names alone (the
 * slot of a rule's field) can be worked out once a shape, for example in a WeakMap.
 *
 * Look-ups ignore case and blanks. Of two names that fold alike, the exact spelling finds its own field and any other
 * spelling the first.
 */
export class EventShape {
  readonly names: readonly string[];
  /** Slots of what every reader knows, or -1. */
  readonly channelSlot: number;
  readonly eventIdSlot: number;
  readonly providerSlot: number;
  readonly computerSlot: number;
  readonly recordIdSlot: number;
  readonly #exact = new Map<string, number>();
  readonly #folded = new Map<string, number>();

  /** @param names as the log spells them; blanks are taken out. The first of two equal names is found. */
  constructor(names: readonly string[]) {
    this.names = names.map((name) => name.replaceAll(' ', ''));
    this.names.forEach((name, slot) => {
      if (!this.#exact.has(name)) this.#exact.set(name, slot);
      const folded = foldFieldName(name);
      if (!this.#folded.has(folded)) this.#folded.set(folded, slot);
    });
    this.channelSlot = this.slotOf('Channel');
    this.eventIdSlot = this.slotOf('EventID');
    this.providerSlot = this.slotOf('Provider_Name');
    this.computerSlot = this.slotOf('Computer');
    this.recordIdSlot = this.slotOf('EventRecordID');
  }

  /** The index of a field into {@link FlatEvent.values}, or -1. */
  slotOf(name: string): number {
    return this.#exact.get(name) ?? this.#folded.get(foldFieldName(name)) ?? -1;
  }
}

/**
 * One event of a log as Sigma rules see it: named fields on one level (`docs/spec/event.md`). System attributes are
 * joined with `_` (`Provider_Name`), a nested JSON member with `.`.
 */
export class FlatEvent {
  readonly shape: EventShape;
  /** By slot of the shape; `undefined` where this event has no such field, which is not the same as null or ''. */
  readonly values: readonly (FieldValue | undefined)[];
  /** Milliseconds since 1970-01-01T00:00:00Z, or null when the record has no readable time. */
  readonly timeMs: number | null;
  /** The file that the event was read from, as it was named to the reader. */
  readonly source: string;
  /** The raw line of a text log, where there is one: keywords are then looked for in it. */
  readonly line: string | null;
  /** The number, from 1, of the line that the event begins on, where it was read from a text log. */
  readonly lineNumber: number | null;
  /** What the log is; null when nobody can tell. */
  readonly logSource: LogSource | null;
  #text: string | null;

  constructor(
    shape: EventShape,
    values: readonly (FieldValue | undefined)[],
    timeMs: number | null,
    source: string,
    line: string | null = null,
    lineNumber: number | null = null,
    logSource: LogSource | null = null,
  ) {
    this.shape = shape;
    this.values = values;
    this.timeMs = timeMs;
    this.source = source;
    this.line = line;
    this.lineNumber = lineNumber;
    this.logSource = logSource;
    this.#text = line;
  }

  /** The value of a field, or undefined when the event does not have it. */
  get(name: string): FieldValue | undefined {
    const slot = this.shape.slotOf(name);
    return slot < 0 ? undefined : this.values[slot];
  }

  get channel(): string | null {
    return asText(this.#first(this.shape.channelSlot)) || null;
  }

  get eventId(): number | null {
    return asNumber(this.#first(this.shape.eventIdSlot));
  }

  get provider(): string | null {
    return asText(this.#first(this.shape.providerSlot));
  }

  get computer(): string | null {
    return asText(this.#first(this.shape.computerSlot));
  }

  get recordId(): number | null {
    return asNumber(this.#first(this.shape.recordIdSlot));
  }

  /** Data may bear the name of a System field (event 104 has a `Channel` of its own); the System one comes first. */
  #first(slot: number): Scalar | undefined {
    if (slot < 0) return undefined;
    const value = this.values[slot];
    return Array.isArray(value) ? (value as readonly Scalar[])[0] : (value as Scalar | undefined);
  }

  /** What keywords are looked for in: the raw line, or all values one a line. Made when first asked for. */
  get text(): string {
    return (this.#text ??= this.values.flat().filter(isPresent).join('\n'));
  }

  /** Names and values of the fields that this event has, in the record's order. */
  fields(): Record<string, FieldValue> {
    const fields: [string, FieldValue][] = [];
    this.shape.names.forEach((name, slot) => {
      const value = this.values[slot];
      if (value !== undefined) fields.push([name, value]);
    });
    return Object.fromEntries(fields);
  }
}

function isPresent(value: Scalar | undefined): value is string | number | boolean {
  return value !== undefined && value !== null && value !== '';
}

function asText(value: Scalar | undefined): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}

function asNumber(value: Scalar | undefined): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null;
}
