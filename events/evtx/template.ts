import { EventsError } from '../error.js';
import type { Layout, ShapeTable } from '../shapes.js';
import { isElement, type Element, type Part } from './binxml.js';
import { valueType } from './value.js';

/** Where the root element of a fragment stands: the event itself, a section below it, or inside such a section. */
export type Context = 'event' | 'section' | 'data';

export const contexts: readonly Context[] = ['event', 'section', 'data'];

export const maxFields = 8192;
/** UTF-16 units of the names of all fields of one event. */
export const maxNamesUnits = 1 << 18;
/** Templates of one event; real events have two. */
export const maxPlans = 64;

/** One field that a template gives. */
export interface FieldSlot {
  readonly name: string;
  readonly parts: readonly Part[];
  /** The place filling the whole field, or -1 when the field has fixed text or several places. */
  readonly index: number;
  /** Attributes and System elements without a value are no field; data without a value is an empty one. */
  readonly absentWhenNull: boolean;
}

/** What a template makes of its substitution values, worked out once a template and not once an event. */
export interface Plan {
  readonly names: readonly string[];
  readonly fields: readonly FieldSlot[];
  /** Places that hold a fragment of their own. */
  readonly fragments: readonly { readonly index: number; readonly context: Context }[];
  /** The place of the event's time, or -1. */
  readonly timeIndex: number;
}

/**
 * Field names: System elements by their name and their attributes joined with `_`; in EventData and UserData the `Name`
 * attribute, or else the name of the innermost element; `RenderingInfo_` before what a forwarder has added.
 */
export function compilePlan(root: Element, context: Context): Plan {
  const plan = new PlanBuilder();
  if (context === 'event') plan.event(root);
  else if (context === 'section') plan.section(root);
  else plan.data(root);
  return plan.build();
}

class PlanBuilder {
  readonly #fields: FieldSlot[] = [];
  readonly #fragments: { index: number; context: Context }[] = [];

  build(): Plan {
    const time = this.#fields.find((field) => field.name === 'TimeCreated_SystemTime');
    return {
      names: this.#fields.map((field) => field.name),
      fields: this.#fields,
      fragments: this.#fragments,
      timeIndex: time?.index ?? -1,
    };
  }

  event(root: Element): void {
    if (root.name !== 'Event') {
      this.section(root);
      return;
    }
    for (const child of root.children) {
      if (isElement(child)) this.section(child);
      else if (typeof child !== 'string') this.#fragments.push({ index: child.index, context: 'section' });
    }
  }

  section(root: Element): void {
    if (root.name === 'System') this.#named(root, '', true);
    else if (root.name === 'RenderingInfo') this.#named(root, 'RenderingInfo_', true);
    else {
      this.#attributes(root, root.name, null);
      this.#content(root);
    }
  }

  #named(section: Element, prefix: string, absentWhenNull: boolean): void {
    for (const child of section.children) {
      if (!isElement(child)) continue;
      this.#attributes(child, prefix + child.name, null);
      const parts = child.children.filter((part): part is Part => !isElement(part));
      if (parts.length > 0) this.#field(prefix + child.name, parts, absentWhenNull);
    }
  }

  data(element: Element): void {
    const given = element.attributes.find((attribute) => attribute.name === 'Name');
    const fixedName = given?.parts.length === 1 && typeof given.parts[0] === 'string' ? given.parts[0] : null;
    const name = fixedName ?? element.name;
    this.#attributes(element, name, fixedName === null ? null : 'Name');
    if (element.children.some(isElement)) this.#content(element);
    else this.#leaf(name, element.children as readonly Part[]);
  }

  /** Children of an element that holds others; text between them has no name of its own and takes the element's. */
  #content(element: Element): void {
    const loose: Part[] = [];
    for (const child of element.children) {
      if (isElement(child)) this.data(child);
      else if (typeof child !== 'string' || child.trim() !== '') loose.push(child);
    }
    if (loose.length > 0) this.#leaf(element.name, loose);
  }

  #leaf(name: string, parts: readonly Part[]): void {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && typeof only !== 'string' && only.type === valueType.binXml)
      this.#fragments.push({ index: only.index, context: 'data' });
    else this.#field(name, parts, false);
  }

  #attributes(element: Element, name: string, except: string | null): void {
    for (const attribute of element.attributes) {
      if (attribute.name === except || attribute.name === 'xmlns' || attribute.name.startsWith('xmlns:')) continue;
      this.#field(`${name}_${attribute.name}`, attribute.parts, true);
    }
  }

  #field(name: string, parts: readonly Part[], absentWhenNull: boolean): void {
    const [only] = parts;
    const index = parts.length === 1 && only !== undefined && typeof only !== 'string' ? only.index : -1;
    this.#fields.push({ name, parts, index, absentWhenNull });
  }
}

/** One plan after another, as the fragments of an event come; found again instead of made again. */
export class PlanChain {
  readonly #names: readonly string[];
  readonly #length: number;
  readonly #next = new Map<Plan, PlanChain>();
  #layout: Layout | null = null;

  constructor(names: readonly string[] = [], length = 0) {
    this.#names = names;
    this.#length = length;
  }

  /** @throws EventsError `record-too-large` */
  then(plan: Plan): PlanChain {
    let next = this.#next.get(plan);
    if (next === undefined) {
      if (this.#names.length + plan.names.length > maxFields)
        throw new EventsError('record-too-large', `event: expected at most ${maxFields} fields, got more`);
      if (this.#length === maxPlans)
        throw new EventsError('record-too-large', `event: expected at most ${maxPlans} templates, got more`);
      const names = [...this.#names, ...plan.names];
      if (names.reduce((units, name) => units + name.length, 0) > maxNamesUnits)
        throw new EventsError('record-too-large', `event: expected names of at most ${maxNamesUnits} units, got more`);
      next = new PlanChain(names, this.#length + 1);
      this.#next.set(plan, next);
    }
    return next;
  }

  layout(shapes: ShapeTable): Layout {
    return (this.#layout ??= shapes.layoutOf(this.#names));
  }
}
