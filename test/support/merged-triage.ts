import { canonicalJson } from '../../base/json.js';
import { type TriageDocument, triageId } from '../../rules/triage/matrix.js';
import type { MergedRule, Source } from '../../scanner/merge/merged-rule.js';

export const triagePack: Source = { origin: 'pack', pack: 'triage/yms/stable', version: '2026.11.1', file: null };

/** Triage documents as rules in use. */
export function triageRules(documents: readonly TriageDocument[], source: Source = triagePack): MergedRule[] {
  return documents.map((document) => {
    const id = triageId(document);
    return { kind: 'triage', id, line: canonicalJson({ ...document, id }), document, source };
  });
}
