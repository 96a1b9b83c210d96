import { createHash } from 'node:crypto';
import type { Place } from '../../base/error.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { compareFaults, type Fault } from '../fault.js';
import type { CompiledItem } from '../item.js';
import { CorrelationReader, type Correlation } from './correlation.js';
import { DetectionReader, type DetectionSection } from './detection.js';
import { parseDocuments, textOf, type MapNode, type Node, nodeWords } from './document.js';
import { FaultLog } from './faults.js';
import { readFilter, type Filter } from './filter.js';
import { isFed, sourceWords } from './known-sources.js';
import { MetadataReader, type LogSource, type Metadata } from './metadata.js';
import type { Placeholders } from './placeholder.js';

/** Normal form v1 (docs/spec/sigma.md): the version stands in every rule as `v`. */
export const normalFormVersion = 1;

interface Versioned extends Metadata {
  readonly v: typeof normalFormVersion;
}

export interface DetectionRule extends Versioned {
  readonly logsource: LogSource;
  readonly detection: DetectionSection;
}

export interface CorrelationRule extends Versioned {
  readonly correlation: Correlation;
}

export interface FilterRule extends Versioned {
  readonly logsource: LogSource;
  readonly filter: Filter;
}

/** A Sigma document in normal form; the section that it has tells its kind. */
export type SigmaRule = DetectionRule | CorrelationRule | FilterRule;

export interface CompiledSigma extends CompiledItem {
  readonly kind: 'sigma';
  /** `value`, typed. */
  readonly rule: SigmaRule;
  /** Where the document starts. */
  readonly place: Place;
  /** SigmaHQ's pointer to the samples of the rule; no part of the normal form. */
  readonly regressionTestsPath?: string;
}

export interface CompileOptions {
  /** Values for the placeholders of `expand`, by name without the percent signs. */
  readonly placeholders?: Placeholders;
  /** False: a rule without id gets one derived from its content, as local rules may. Packs require ids. */
  readonly requireId?: boolean;
}

export interface CompiledFile {
  readonly rules: readonly CompiledSigma[];
  readonly faults: readonly Fault[];
}

/**
 * Compiles every document of a Sigma file. All faults of the file come at once, in the order of their places; a
 * document with an error is left out, the others are compiled.
 *
 * @param file the name for the places of faults
 */
export function compileSigmaFile(text: string, file: string, options: CompileOptions = {}): CompiledFile {
  const log = new FaultLog(text, file);
  const rules: CompiledSigma[] = [];
  const ids = new Set<string>();
  for (const document of parseDocuments(text, log)) {
    const compiled = compileDocument(document, log, options);
    if (compiled === null) continue;
    if (ids.has(compiled.id)) {
      log.error('id-duplicate', `id: expected each id once in a file, got "${compiled.id}" again`, document.offset);
      continue;
    }
    ids.add(compiled.id);
    rules.push(compiled);
  }
  return { rules, faults: log.faults.sort(compareFaults) };
}

function compileDocument(document: Node, log: FaultLog, options: CompileOptions): CompiledSigma | null {
  if (document.kind !== 'map') {
    log.error('document-kind', `document: expected a map, got ${nodeWords(document)}`, document.offset);
    return null;
  }
  const errorsBefore = log.errorCount;
  const action = document.entries.get('action');
  if (action) {
    const message = 'document: expected no "action" (obsolete since Sigma 2.0: write whole rules), got one';
    log.error('action-obsolete', message, action.keyOffset);
  }
  const reader = new MetadataReader(log, document);
  const id = reader.readId();
  if (id === undefined && options.requireId !== false)
    log.error('id-missing', 'rule: expected an id, got none', document.offset);
  const metadata = reader.read();
  const section = readSection(document, reader, log, options);
  if (metadata === null || section === null || log.errorCount > errorsBefore) return null;
  const body = { v: normalFormVersion, ...metadata, ...section } as const;
  const rule: SigmaRule = { ...body, id: id ?? deriveId(body) };
  const path = document.entries.get('regression_tests_path');
  const regressionTestsPath = path ? textOf(path.value) : null;
  return {
    kind: 'sigma',
    id: rule.id,
    value: rule as unknown as Json,
    rule,
    place: log.place(document.offset),
    ...(regressionTestsPath !== null && { regressionTestsPath }),
  };
}

type Section =
  | Pick<DetectionRule, 'logsource' | 'detection'>
  | Pick<CorrelationRule, 'correlation'>
  | Pick<FilterRule, 'logsource' | 'filter'>;

function readSection(
  document: MapNode,
  reader: MetadataReader,
  log: FaultLog,
  options: CompileOptions,
): Section | null {
  const kinds = ['detection', 'correlation', 'filter'].filter((name) => document.entries.has(name));
  const [kind] = kinds;
  const section = kind === undefined ? undefined : document.entries.get(kind)?.value;
  if (kinds.length > 1) {
    log.error('document-kind', `document: expected one section, got ${kinds.join(' and ')}`, document.offset);
    return null;
  }
  if (section?.kind !== 'map') {
    const message = 'rule: expected a map as detection, correlation or filter, got none';
    log.error('detection-missing', message, section?.offset ?? document.offset);
    return null;
  }
  if (kind === 'correlation') {
    const correlation = new CorrelationReader(log, section).read(document.entries.get('generate')?.value);
    return correlation && { correlation };
  }
  const logsource = reader.readLogSource();
  const detections = new DetectionReader(log, options.placeholders ?? new Map<string, string[]>());
  if (kind === 'filter') {
    const filter = readFilter(section, log, detections);
    return logsource && filter && { logsource, filter };
  }
  const detection = detections.read(section, new Set());
  if (logsource && !isFed(logsource)) {
    const message = `logsource: expected one that logs are known to be of, got ${sourceWords(logsource)}`;
    log.warning('logsource-unknown', message, document.entries.get('logsource')?.value.offset ?? document.offset);
  }
  return logsource && detection && { logsource, detection };
}

/** A UUID of version 8 (RFC 9562) out of the content: the same rule has the same id on every machine. */
function deriveId(body: object): string {
  const hash = createHash('sha256').update('yms sigma rule\n').update(canonicalJson(body)).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
