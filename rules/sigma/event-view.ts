import { foldFieldName, type EventShape, type FieldValue, type FlatEvent, type Scalar } from '../../events/event.js';
import { foldCase } from './pattern.js';

/** The field names of a rule set, each with one number: what matchers ask an {@link EventView} for. */
export class FieldTable {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

const unknownSlot = -2;
const sysmonChannels = new Set(['microsoft-windows-sysmon/operational', 'linux-sysmon/operational']);

/**
 * One event at a time, with what matchers derive from it: slots of fields (worked out once a shape) and text folded to
 * lower case (once an event and field). A view is made once and filled again for every event.
 */
export class EventView {
  event: FlatEvent;
  readonly #fields: FieldTable;
  readonly #membersByShape = new WeakMap<EventShape, Map<number, readonly number[]>>();
  readonly #slotsByShape = new WeakMap<EventShape, Int32Array>();
  #shape: EventShape;
  #slots: Int32Array;
  #folded: (string | undefined)[] = [];
  #foldedText: string | undefined;

  constructor(fields: FieldTable, event: FlatEvent) {
    this.#fields = fields;
    this.event = event;
    this.#shape = event.shape;
    this.#slots = this.#slotsOf(event.shape);
    this.show(event);
  }

  show(event: FlatEvent): void {
    this.event = event;
    if (event.shape !== this.#shape) {
      this.#shape = event.shape;
      this.#slots = this.#slotsOf(event.shape);
    }
    if (this.#folded.length > 0) this.#folded = [];
    this.#foldedText = undefined;
  }

  /** The field's slot in the event's values, or -1. */
  slot(field: number): number {
    if (field >= this.#slots.length) this.#slots = this.#slotsOf(this.#shape);
    const slot = this.#slots[field] ?? -1;
    if (slot !== unknownSlot) return slot;
    return (this.#slots[field] = this.#shape.slotOf(this.#fields.names[field] ?? ''));
  }

  value(field: number): FieldValue | undefined {
    const slot = this.slot(field);
    return slot < 0 ? undefined : this.event.values[slot];
  }

  /** Whether the field is an object: fields that bear its name and a dot stand in its place. */
  hasMembers(field: number): boolean {
    const known = this.#membersByShape.get(this.#shape) ?? new Map<number, readonly number[]>();
    let slots = known.get(field);
    if (!slots) {
      const prefix = `${foldFieldName(this.#fields.names[field] ?? '')}.`;
      slots = this.#shape.names.flatMap((name, slot) => (foldFieldName(name).startsWith(prefix) ? [slot] : []));
      this.#membersByShape.set(this.#shape, known.set(field, slots));
    }
    return slots.some((slot) => this.event.values[slot] !== undefined);
  }

  /** Whether an empty text may stand for null: text logs and Sysmon have no other way to say so. */
  get isEmptyNull(): boolean {
    return this.event.line !== null || sysmonChannels.has(this.event.channel?.toLowerCase() ?? '');
  }

  /** The text of a scalar field in lower case; undefined for an absent field, null and a list. */
  foldedText(field: number): string | undefined {
    return this.foldedSlot(this.slot(field));
  }

  /** As {@link foldedText}, by the slot of the event's values. */
  foldedSlot(slot: number): string | undefined {
    if (slot < 0) return undefined;
    const known = this.#folded[slot];
    if (known !== undefined) return known;
    const value = this.event.values[slot];
    if (value === undefined || value === null || typeof value === 'object') return undefined;
    return (this.#folded[slot] = foldCase(String(value)));
  }

  /** What keywords are looked for in, in lower case. */
  get foldedMessage(): string {
    return (this.#foldedText ??= foldCase(this.event.text));
  }

  #slotsOf(shape: EventShape): Int32Array {
    const known = this.#slotsByShape.get(shape);
    if (known && known.length >= this.#fields.names.length) return known;
    const slots = new Int32Array(this.#fields.names.length).fill(unknownSlot);
    if (known) slots.set(known);
    this.#slotsByShape.set(shape, slots);
    return slots;
  }
}

export function isList(value: FieldValue): value is readonly Scalar[] {
  return typeof value === 'object' && value !== null;
}
