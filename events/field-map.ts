import { EventsError } from './error.js';
import { EventShape, FlatEvent, foldFieldName } from './event.js';

/** Gives fields the names that rules know them by, whatever the log calls them: its own name → the rules' name. */
export class FieldMap {
  /** By the folded name of the log. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #shapes = new WeakMap<EventShape, EventShape>();

  constructor(names: ReadonlyMap<string, string>) {
    this.#names = new Map([...names].map(([from, to]) => [foldFieldName(from), to]));
  }

  get size(): number {
    return this.#names.size;
  }

  /** The event with its fields renamed; another field that has the new name already stays, behind the renamed one. */
  apply(event: FlatEvent): FlatEvent {
    let shape = this.#shapes.get(event.shape);
    if (shape === undefined) {
      shape = this.#rename(event.shape);
      this.#shapes.set(event.shape, shape);
    }
    if (shape === event.shape) return event;
    const { values, timeMs, source, line, lineNumber, logSource } = event;
    return new FlatEvent(shape, values, timeMs, source, line, lineNumber, logSource);
  }

  #rename(shape: EventShape): EventShape {
    const renamed = shape.names.map((name) => this.#names.get(foldFieldName(name)) ?? null);
    if (renamed.every((name) => name === null)) return shape;
    const taken = new Set(renamed.flatMap((name) => (name === null ? [] : [foldFieldName(name)])));
    return new EventShape(
      shape.names.map((name, slot) => renamed[slot] ?? (taken.has(foldFieldName(name)) ? `other-${name}` : name)),
    );
  }
}

/**
 * `rules' name=log's name`, as options give it.
 *
 * @throws EventsError `field-map`
 */
export function parseFieldMap(pairs: readonly string[]): FieldMap {
  const names = new Map<string, string>();
  for (const pair of pairs) {
    const [, to = '', from = ''] = /^([^=]{1,200})=(.{1,200})$/.exec(pair) ?? [];
    if (to.trim() === '' || from.trim() === '')
      throw new EventsError('field-map', `field map: expected NAME=FIELD, got ${JSON.stringify(pair)}`);
    names.set(from.trim(), to.trim());
  }
  return new FieldMap(names);
}
