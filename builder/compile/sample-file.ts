import { z } from 'zod';
import { FlatEvent } from '../../events/event.js';
import { jsonFields } from '../../events/json-fields.js';
import { objectSource } from '../../events/object-sources.js';
import { ShapeTable } from '../../events/shapes.js';
import type { Fault } from '../../rules/fault.js';
import { fault, parsePlacedYaml, schemaFaults } from '../../rules/placed-yaml.js';

/** One sample: the events that a rule sees together, mostly one. */
export type Sample = readonly FlatEvent[];

/** What a rule must and must not find. */
export interface Samples {
  readonly positive: readonly Sample[];
  readonly negative: readonly Sample[];
}

export interface SampleFile {
  /** For the one rule of the file beside it. */
  readonly own: Samples | null;
  /** By id or name, where that file has several rules. */
  readonly byRule: ReadonlyMap<string, Samples>;
}

/** `rule.yml` → `rule.samples.yaml`, which stands beside it. */
export function sampleFileOf(ruleFile: string): string {
  return ruleFile.replace(/\.ya?ml$/i, '') + '.samples.yaml';
}

const event = z.record(z.string().min(1), z.json());
const sample = z.union([event, z.array(event).min(1)]);
const samples = { positive: z.array(sample).min(1).optional(), negative: z.array(sample).min(1).optional() };
const schema = z.strictObject({ ...samples, rules: z.record(z.string(), z.strictObject(samples)).optional() });

/**
 * Reads sample events. Each is a map of fields, or an object in one of the shapes that the JSON reader knows
 * (docs/spec/event.md); a list of them is one sample of several events.
 */
export function parseSampleFile(text: string, file: string): SampleFile | readonly Fault[] {
  const yaml = parsePlacedYaml(text, file);
  if (yaml.faults.length > 0) return yaml.faults;
  const parsed = schema.safeParse(yaml.value ?? {});
  if (!parsed.success) return schemaFaults(parsed.error.issues, yaml, 'samples');
  const { rules = {}, ...own } = parsed.data;
  const all = [own, ...Object.values(rules)];
  if (all.every(({ positive, negative }) => !positive && !negative))
    return [fault('missing-key', 'samples: expected positive or negative, got neither', yaml.placeOf([]))];
  const shapes = new ShapeTable();
  const read = (given: typeof own): Samples => ({
    positive: (given.positive ?? []).map((entry) => readSample(entry, shapes, file)),
    negative: (given.negative ?? []).map((entry) => readSample(entry, shapes, file)),
  });
  return {
    own: own.positive || own.negative ? read(own) : null,
    byRule: new Map(Object.entries(rules).map(([rule, given]) => [rule, read(given)])),
  };
}

function readSample(given: z.infer<typeof sample>, shapes: ShapeTable, file: string): Sample {
  return [given].flat().map((object) => {
    const { fields, timeMs } = jsonFields(object);
    const { shape } = shapes.layoutOf([...fields.keys()]);
    const values = [...fields.values()];
    return new FlatEvent(shape, values, timeMs, file, null, null, objectSource(shape, values));
  });
}
