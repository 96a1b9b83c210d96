import { EventsError } from '../error.js';
import { FlatEvent, type FieldValue } from '../event.js';
import { windowsLog } from '../log-source.js';
import { arrange, type ShapeTable } from '../shapes.js';
import { BinXmlReader, type Part } from './binxml.js';
import { Fragments, type Instance } from './fragment.js';
import { PlanChain, type Context } from './template.js';
import { readFileTimeMs, readValue, valueType } from './value.js';

/** UTF-16 units of text that templates put together for one event. */
export const maxJoinedUnits = 1 << 20;

/** Makes flat events of the BinXML of one chunk, whose template definitions and names all its records share. */
export class RecordDecoder {
  readonly fragments: Fragments;
  readonly #bytes: Buffer;
  readonly #shapes: ShapeTable;
  readonly #start = new PlanChain();
  // The event in the making.
  #chain: PlanChain = this.#start;
  #values: (FieldValue | undefined)[] = [];
  #timeMs = 0;
  #joinedUnits = 0;

  constructor(bytes: Buffer, shapes: ShapeTable) {
    this.#bytes = bytes;
    this.#shapes = shapes;
    this.fragments = new Fragments(new BinXmlReader(bytes));
  }

  /**
   * The event whose BinXML is the region [at, end) of the chunk.
   *
   * @param writtenMs the record's own time, for an event that has none
   * @throws EventsError any code that starts with `binxml-`, `template-`, `value-` or `record-`
   */
  event(at: number, end: number, writtenMs: number, source: string): FlatEvent {
    this.#chain = this.#start;
    this.#values = [];
    this.#timeMs = writtenMs;
    this.#joinedUnits = 0;
    this.#fragment(at, end, 'event', 0);
    const layout = this.#chain.layout(this.#shapes);
    return new FlatEvent(layout.shape, arrange(layout, this.#values), this.#timeMs, source, null, null, windowsLog);
  }

  #fragment(at: number, end: number, context: Context, depth: number): void {
    for (const instance of this.fragments.read(at, end, context, depth)) this.#fill(instance, depth);
  }

  #fill(instance: Instance, depth: number): void {
    const { plan, types, starts, sizes } = instance;
    const bytes = this.#bytes;
    this.#chain = this.#chain.then(plan);
    const values = types.map((type, index) =>
      type === valueType.binXml ? undefined : readValue(bytes, type, starts[index] ?? 0, sizes[index] ?? 0),
    );
    const pending: number[] = [];
    for (const field of plan.fields) {
      if (field.index < 0) {
        this.#values.push(this.#join(field.parts, values));
        continue;
      }
      const value = values[field.index];
      if (value === undefined && types[field.index] === valueType.binXml) pending.push(field.index);
      this.#values.push(value === null && field.absentWhenNull ? undefined : value);
    }
    if (types[plan.timeIndex] === valueType.fileTime && (sizes[plan.timeIndex] ?? 0) >= 8)
      this.#timeMs = readFileTimeMs(bytes, starts[plan.timeIndex] ?? 0);
    for (const place of plan.fragments) this.#enter(instance, place.index, place.context, depth);
    for (const index of pending) this.#enter(instance, index, 'data', depth);
  }

  #enter({ types, starts, sizes }: Instance, index: number, context: Context, depth: number): void {
    const start = starts[index] ?? 0;
    if (types[index] === valueType.binXml) this.#fragment(start, start + (sizes[index] ?? 0), context, depth + 1);
  }

  /** Fixed text with places in it; undefined when it is made of places alone and none is filled. */
  #join(parts: readonly Part[], values: readonly (FieldValue | undefined)[]): FieldValue | undefined {
    const [only] = parts;
    if (only === undefined) return '';
    if (typeof only === 'string' && parts.length === 1) return only;
    let text = '';
    for (const part of parts) {
      const value = typeof part === 'string' ? part : values[part.index];
      if (value === undefined || value === null) continue;
      text += Array.isArray(value) ? value.join(',') : String(value);
    }
    this.#joinedUnits += text.length;
    if (this.#joinedUnits > maxJoinedUnits)
      throw new EventsError(
        'record-too-large',
        `event: expected at most ${maxJoinedUnits} units of joined text, got more`,
      );
    return text;
  }
}
