import type { Fault } from '../fault.js';
import { type Adjustment, isAdjustment, type Matrix, type MatrixAttribute, type TriageDocument } from './matrix.js';

/** A document, and where it came from. */
export interface TriageSource {
  readonly document: TriageDocument;
  /** The pack it came in; null for a local file, which reaches the matrices of all packs. */
  readonly pack: string | null;
  /** For people: the pack with its version, or the file. */
  readonly label: string;
}

/** A matrix as it counts at a site. */
export interface EffectiveMatrix {
  readonly matrix: Matrix;
  readonly label: string;
  /** `attribute/value` → the label of the document that gave it its points, where that is not the matrix itself. */
  readonly changedBy: ReadonlyMap<string, string>;
}

/**
 * The matrices with a site's changes, in the order given. A change that names what is not there has a fault and no
 * effect; its other changes count.
 */
export function mergeTriage(sources: readonly TriageSource[]): { matrices: EffectiveMatrix[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const reached = new Set<TriageSource>();
  const adjustments = sources.filter(({ document }) => isAdjustment(document));
  const matrices = sources.flatMap((source): EffectiveMatrix[] => {
    const { document, pack, label } = source;
    if (isAdjustment(document)) return [];
    let effective: EffectiveMatrix = { matrix: document, label, changedBy: new Map() };
    for (const change of adjustments) {
      if (!isAdjustment(change.document) || change.document.adjusts !== document.name) continue;
      if (change.document.triage !== document.triage || (change.pack !== null && change.pack !== pack)) continue;
      reached.add(change);
      effective = adjust(effective, change.document, change.label, faults);
    }
    return [effective];
  });
  for (const { document, label } of adjustments)
    if (isAdjustment(document) && ![...reached].some((change) => change.document === document))
      faults.push(
        missing(label, `adjusts: expected a matrix of the ${document.triage} sheet, got "${document.adjusts}"`),
      );
  return { matrices, faults };
}

function adjust(before: EffectiveMatrix, change: Adjustment, label: string, faults: Fault[]): EffectiveMatrix {
  const changedBy = new Map(before.changedBy);
  const known = new Set(before.matrix.attributes.flatMap(valueNames));
  const requireKnown = (member: string, name: string): void => {
    if (!known.has(name))
      faults.push(missing(label, `${member}: expected a value of ${before.matrix.name}, got "${name}"`));
  };
  const without = new Set(change.without);
  for (const name of without) requireKnown('without', name);
  const points = new Map(Object.entries(change.points ?? {}));
  for (const name of points.keys()) requireKnown('points', name);
  const added = withAttributes(before.matrix.attributes, change.attributes ?? []);
  for (const name of (change.attributes ?? []).flatMap(valueNames)) changedBy.set(name, label);
  const attributes = added.flatMap((attribute) => {
    const values = attribute.values.flatMap((value) => {
      const name = `${attribute.attribute}/${value.value}`;
      if (without.has(name)) return [];
      const changed = points.get(name);
      if (changed === undefined) return [value];
      changedBy.set(name, label);
      return [{ ...value, points: changed }];
    });
    return values.length === 0 ? [] : [{ ...attribute, values }];
  });
  const facts = { ...before.matrix.facts };
  for (const [fact, fields] of Object.entries(change.facts ?? {})) facts[fact] = [...fields, ...(facts[fact] ?? [])];
  const grades = { ...before.matrix.grades, ...change.grades };
  if (grades.highlyRelevant <= grades.relevant)
    faults.push(
      missing(label, `grades: expected highlyRelevant above ${grades.relevant}, got ${grades.highlyRelevant}`),
    );
  return {
    label: before.label,
    changedBy,
    matrix: {
      ...before.matrix,
      facts,
      attributes,
      grades: grades.highlyRelevant > grades.relevant ? grades : before.matrix.grades,
      ...(change.timeZone !== undefined && { timeZone: change.timeZone }),
    },
  };
}

/** A value that is there already is replaced in its place, another one stands after the others. */
function withAttributes(before: readonly MatrixAttribute[], added: readonly MatrixAttribute[]): MatrixAttribute[] {
  const attributes = new Map(before.map((attribute) => [attribute.attribute, attribute]));
  for (const attribute of added) {
    const old = attributes.get(attribute.attribute);
    const values = new Map([...(old?.values ?? []), ...attribute.values].map((value) => [value.value, value]));
    attributes.set(attribute.attribute, { ...attribute, values: [...values.values()] });
  }
  return [...attributes.values()];
}

function valueNames({ attribute, values }: MatrixAttribute): string[] {
  return values.map(({ value }) => `${attribute}/${value}`);
}

function missing(file: string, message: string): Fault {
  return { code: 'triage-unknown', message, place: { file }, severity: 'warning' };
}
