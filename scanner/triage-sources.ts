import type { TriageSource } from '../rules/triage/merge.js';
import type { MergedRule, Source } from './merge.js';

/** The triage documents among the rules, in their order, as `mergeTriage` takes them. */
export function triageSources(rules: readonly MergedRule[]): TriageSource[] {
  return rules.flatMap((rule) => {
    if (rule.kind !== 'triage') return [];
    const { document, source } = rule;
    return [{ document, pack: source.origin === 'pack' ? source.pack : null, label: sourceLabel(source) }];
  });
}

/** `sigma/core/stable 2026.07.01`, or the file of a local rule; as it is, not fit for a terminal. */
export function sourceLabel({ pack, version, file }: Source): string {
  return [pack, version, file].filter((part) => part !== null).join(' ');
}
