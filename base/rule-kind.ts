/**
 * The kinds of rules, sorted by their UTF-8 bytes. The one list of them: whatever must know each kind is a
 * `Record<RuleKind, …>` or a switch, so that the compiler names every place that a new kind lacks.
 */
export const ruleKinds = ['ioc', 'pool', 'sigma', 'triage'] as const;
export type RuleKind = (typeof ruleKinds)[number];
