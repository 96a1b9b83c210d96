import type { MatchedFields } from '../../rules/sigma/matcher.js';
import { type Level, levels } from '../../rules/sigma/metadata.js';
import type { Sheet } from '../../rules/triage/fact.js';
import { type FactValue, textsOf } from '../../rules/triage/fact-value.js';
import { compareGrades, type Grade, type GradedEvent, grades, levelOfGrade } from '../../rules/triage/grade.js';
import { factText } from '../../rules/triage/grader.js';
import { isAdjustment } from '../../rules/triage/matrix.js';
import { type EffectiveMatrix, mergeTriage } from '../../rules/triage/merge.js';
import { Triage } from '../../rules/triage/triage.js';
import { hitOf } from '../findings/finding.js';
import type { MergedRule } from '../merge/merged-rule.js';
import { triageSources } from '../merge/triage-sources.js';
import type { Detector } from './matches.js';

/** What a thread needs to grade events; plain data. */
export interface TriagePlan {
  readonly matrices: readonly {
    /** Into the rules of the scan. */
    readonly rule: number;
    readonly matrix: EffectiveMatrix;
  }[];
  /** Events below are no findings. */
  readonly minGrade: Grade;
}

/** Null when no event can come to a finding: without a matrix, or at a level that no grade has. */
export function planTriage(rules: readonly MergedRule[], minLevel: Level): TriagePlan | null {
  const minGrade = grades.find((grade) => levels.indexOf(levelOfGrade(grade)) >= levels.indexOf(minLevel));
  if (minGrade === undefined) return null;
  const owners = rules.flatMap((rule, number) =>
    rule.kind === 'triage' && !isAdjustment(rule.document) ? [number] : [],
  );
  const matrices = mergeTriage(triageSources(rules)).matrices.map((matrix, at) => ({ rule: owners[at] ?? -1, matrix }));
  return matrices.length === 0 ? null : { matrices, minGrade };
}

/** Grades the events that a matrix is for. */
export function triageDetector({ matrices, minGrade }: TriagePlan): Detector {
  const triage = new Triage(matrices.map(({ matrix }) => matrix));
  const rules = new Map(matrices.map(({ rule, matrix }) => [matrix, rule]));
  return (event, into) => {
    const graded = triage.grade(event);
    if (graded === null) return;
    const { sheet, by, grade, points, facts } = graded;
    into.graded[grade]++;
    if (compareGrades(grade, minGrade) < 0) return;
    const hit = hitOf(rules.get(by) ?? -1, event, matchedOf(graded));
    into.hits.push({
      ...hit,
      level: levelOfGrade(grade),
      computer: hit.computer ?? systemOf(facts),
      triage: { sheet, matrix: by.matrix.name, grade, points, reasons: graded.reasons },
    });
  };
}

function systemOf(facts: ReadonlyMap<string, FactValue>): string | null {
  const [system] = textsOf(facts.get('system'));
  return system === undefined ? null : factText(system);
}

/** What tells one event from another, whether or not it has points. */
const subjects: Readonly<Record<Sheet, readonly string[]>> = {
  antivirus: ['signature', 'path', 'fileName', 'user', 'system', 'action'],
  proxy: ['method', 'uri', 'host', 'category', 'userAgent', 'user', 'system'],
};

function matchedOf({ sheet, facts, reasons }: GradedEvent): MatchedFields {
  const counted = reasons.filter(({ points }) => points !== 0).flatMap(({ evidence }) => Object.keys(evidence));
  return Object.fromEntries(
    [...new Set([...subjects[sheet], ...counted])].flatMap((fact) => {
      const value = facts.get(fact);
      if (value === undefined) return [];
      return [[fact, typeof value === 'number' ? value : factText(value)]];
    }),
  );
}
