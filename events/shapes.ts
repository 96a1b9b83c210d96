import { EventShape, type FieldValue, type Scalar } from './event.js';

/** How a record's values, in the order they were read, become the values of an event of `shape`. */
export interface Layout {
  readonly shape: EventShape;
  /** The slot of each value read, where some names come several times; null when value i belongs into slot i. */
  readonly slots: Int32Array | null;
}

/** Shapes kept, and UTF-16 units of their names; a log of honest events has some hundreds, a hostile one costs time only. */
const maxShapes = 4096;
const maxNameUnits = 1 << 23;

/** Gives events with the same names the same shape. Share one table among all files of a scan. */
export class ShapeTable {
  readonly #layouts = new Map<string, Layout>();
  #nameUnits = 0;

  layoutOf(names: readonly string[]): Layout {
    const key = names.join('\0');
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      layout = makeLayout(names);
      this.#nameUnits += key.length;
      if (this.#layouts.size === maxShapes || this.#nameUnits > maxNameUnits) {
        this.#layouts.clear();
        this.#nameUnits = key.length;
      }
      this.#layouts.set(key, layout);
    }
    return layout;
  }
}

function makeLayout(names: readonly string[]): Layout {
  const slotOfName = new Map<string, number>();
  const slots = names.map((name) => {
    const slot = slotOfName.get(name) ?? slotOfName.size;
    slotOfName.set(name, slot);
    return slot;
  });
  const shape = new EventShape([...slotOfName.keys()]);
  return { shape, slots: slotOfName.size === names.length ? null : Int32Array.from(slots) };
}

/** Puts values into their slots; the values of a name that comes several times become one list. */
export function arrange(
  layout: Layout,
  read: readonly (FieldValue | undefined)[],
): readonly (FieldValue | undefined)[] {
  const { slots, shape } = layout;
  if (slots === null) return read;
  const lists = shape.names.map((): Scalar[] => []);
  read.forEach((value, index) => {
    const list = lists[slots[index] ?? 0];
    if (value === undefined || list === undefined) return;
    if (isList(value)) for (const entry of value) list.push(entry);
    else list.push(value);
  });
  return lists.map((list) => (list.length > 1 ? list : list[0]));
}

function isList(value: FieldValue): value is readonly Scalar[] {
  return Array.isArray(value);
}
