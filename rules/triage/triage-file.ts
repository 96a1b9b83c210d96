import type { Fault } from '../fault.js';
import { parsePlacedYaml, schemaFaults } from '../placed-yaml.js';
import { type TriageDocument, triageSchema } from './matrix.js';

export interface TriageFile {
  /** Null when `faults` says why. */
  readonly document: TriageDocument | null;
  readonly faults: Fault[];
}

/** A top-level `triage:` makes a YAML file a decision matrix or a change to one, unless it is a Sigma document. */
export function isTriageFile(text: string): boolean {
  return /^triage:/m.test(text) && !/^(?:detection|correlation|filter|pools):/m.test(text);
}

/** Reads a decision matrix, or a site's changes to one (`docs/spec/triage.md`). All faults of a file at once. */
export function parseTriageFile(text: string, file: string): TriageFile {
  const yaml = parsePlacedYaml(text, file);
  if (yaml.faults.length > 0) return { document: null, faults: [...yaml.faults] };
  const parsed = triageSchema(yaml.value).safeParse(yaml.value);
  if (parsed.success) return { document: parsed.data, faults: [] };
  return { document: null, faults: schemaFaults(parsed.error.issues, yaml, 'triage') };
}
