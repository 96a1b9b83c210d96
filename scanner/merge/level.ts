import type { Level } from '../../rules/sigma/metadata.js';
import type { RuleItem } from '../active/decode.js';

/** Scores of 40, 60 and 100 are medium, high and critical; a lower one is low, a negative one lowers findings. */
export function levelOfScore(score: number): Level {
  if (score >= 100) return 'critical';
  if (score >= 60) return 'high';
  if (score >= 40) return 'medium';
  return score > 0 ? 'low' : 'informational';
}

/** The level of a rule's findings; Sigma rules without one are medium, as the specification has no default. */
export function levelOf(item: RuleItem): Level {
  switch (item.kind) {
    case 'sigma':
      return item.rule.level ?? 'medium';
    case 'ioc':
      return levelOfScore(item.indicator.score);
    case 'pool':
      return levelOfScore(item.pool.score);
    case 'triage':
      return 'high'; // of its highest grade; each event has the level of its own grade
  }
}

/** What people call a rule. */
export function titleOf(item: RuleItem): string {
  switch (item.kind) {
    case 'sigma':
      return item.rule.title;
    case 'ioc':
      return item.indicator.description ?? item.indicator.source ?? item.indicator.type;
    case 'pool':
      return item.pool.pool;
    case 'triage':
      return item.document.title;
  }
}
