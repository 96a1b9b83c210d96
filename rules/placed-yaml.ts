import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import type { Fault, Place } from './fault.js';
import { findDeepYaml, maxYamlDepth } from './yaml-depth.js';

/** A YAML document as plain data that still knows where each part of it stands. */
export interface PlacedYaml {
  /** Null when `faults` says why. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** The place of the value at `path`, or of the key `key` of the map there. */
  readonly placeOf: (path: readonly PropertyKey[], key?: string) => Place;
}

/** Faults of the YAML of one file that are told one by one. */
const maxYamlFaults = 1000;

export function parsePlacedYaml(text: string, file: string): PlacedYaml {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const deep = findDeepYaml(text);
  if (deep !== null) {
    const place = { file, ...deep };
    const tooDeep = fault('yaml-depth', `yaml: expected at most ${maxYamlDepth} levels, got more`, place);
    return { value: null, faults: [tooDeep], placeOf: () => place };
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const errors = [...document.errors, ...document.warnings];
  const faults = errors
    .slice(0, maxYamlFaults)
    .map((error) => fault('yaml-syntax', `yaml: ${error.message}`, at(error.pos[0])));
  if (errors.length > maxYamlFaults) {
    const message = `file: expected at most ${maxYamlFaults} faults, got ${errors.length - maxYamlFaults} more`;
    faults.push(fault('faults-left-out', message, { file }));
  }
  const placeOf = (path: readonly PropertyKey[], key?: string): Place => at(offsetOf(document, path, key));
  if (faults.length > 0) return { value: null, faults, placeOf };
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), faults, placeOf };
  } catch (error) {
    return { value: null, faults: [fault('yaml-aliases', `yaml: ${(error as Error).message}`, at(0))], placeOf };
  }
}

/** What a zod schema found wrong with the document, each at its place and in the words of our own faults. */
export function schemaFaults(issues: readonly z.core.$ZodIssue[], yaml: PlacedYaml, subject: string): Fault[] {
  return issues.flatMap((issue) => faultsOf(issue, yaml, subject));
}

export function fault(code: string, message: string, place: Place): Fault {
  return { code, message, place, severity: 'error' };
}

/** The offset of the value at `path`, of its key `key`, or of the nearest thing around them that exists. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (!isNode(node)) continue;
    if (isMap(node) && length === path.length && key !== undefined)
      for (const pair of node.items)
        if (isScalar(pair.key) && String(pair.key.value) === key && pair.key.range) return pair.key.range[0];
    if (node.range) return node.range[0];
  }
  return 0;
}

type Issue = z.core.$ZodIssue;

function faultsOf(issue: Issue, yaml: PlacedYaml, document: string): Fault[] {
  const { value: root, placeOf } = yaml;
  const subject = issue.path.length === 0 ? document : issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      fault('unknown-key', `${subject}: expected only known keys, got "${key}"`, placeOf(issue.path, key)),
    );
  const place =
    issue.code === 'invalid_key' ? placeOf(issue.path.slice(0, -1), String(issue.path.at(-1))) : placeOf(issue.path);
  const got = describe(valueAt(root, issue.path));
  if (issue.code === 'invalid_key')
    return [fault('wrong-value', `${subject}: expected a name of a-z, 0-9 and - as key`, place)];
  if (issue.code === 'invalid_type' && got === 'nothing')
    return [fault('missing-key', `${subject}: expected ${issue.expected}, got nothing`, place)];
  if (issue.code === 'invalid_type')
    return [fault('wrong-type', `${subject}: expected ${issue.expected}, got ${got}`, place)];
  return [fault('wrong-value', `${subject}: expected ${expectation(issue)}, got ${got}`, place)];
}

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_format' && issue.format === 'url') return 'an http or https address';
  if (issue.code === 'invalid_union') return 'text, a number or true or false';
  return issue.message;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (value === null) return undefined;
    if (typeof value !== 'object') return value; // a short form: `path` of a source that is a text
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return value.length > 60 ? `"${value.slice(0, 60)}…"` : `"${value}"`;
  return `${typeof value} ${JSON.stringify(value)}`;
}
