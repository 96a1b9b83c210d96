import type { TriageSource } from '../../rules/triage/merge.js';
import { type MergedRule, sourceLabel } from './merged-rule.js';

/** The triage documents among the rules, in their order, as `mergeTriage` takes them. */
export function triageSources(rules: readonly MergedRule[]): TriageSource[] {
  return rules.flatMap((rule) => {
    if (rule.kind !== 'triage') return [];
    const { document, source } = rule;
    return [{ document, pack: source.origin === 'pack' ? source.pack : null, label: sourceLabel(source) }];
  });
}
