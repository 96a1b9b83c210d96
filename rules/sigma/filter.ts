import type { DetectionReader, DetectionSection } from './detection.js';
import { textOf, type MapNode } from './document.js';
import type { FaultLog } from './faults.js';

/** The `filter` of a filter document in the shape of the normal form (Sigma 2.1, filters). */
export interface Filter extends DetectionSection {
  /** Ids or names of rules, or `any`: every rule of the log source. */
  readonly rules: 'any' | readonly string[];
}

const reserved: ReadonlySet<string> = new Set(['rules']);

/** Reads a filter section; null when it has a fault. */
export function readFilter(section: MapNode, log: FaultLog, detections: DetectionReader): Filter | null {
  const rules = readRules(section, log);
  const detection = detections.read(section, reserved);
  return rules === null || detection === null ? null : { rules, ...detection };
}

/**
 * pySigma also takes `all` and an empty list for every rule; the specification has neither, an empty list is refused.
 */
function readRules(section: MapNode, log: FaultLog): Filter['rules'] | null {
  const node = section.entries.get('rules')?.value;
  if (node?.kind === 'scalar' && (node.value === 'any' || node.value === 'all')) return 'any';
  const texts = node?.kind === 'list' ? node.items.map(textOf) : node ? [textOf(node)] : [];
  if (texts.length > 0 && texts.every((text) => text !== null && text !== ''))
    return (texts as string[]).map((text) => (/^[0-9A-F-]{36}$/i.test(text) ? text.toLowerCase() : text));
  log.error(
    'filter-rules',
    'filter: expected "any", or the ids or names of rules, got none',
    node?.offset ?? section.offset,
  );
  return null;
}
