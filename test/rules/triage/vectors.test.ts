import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../../../events/event.js';
import { Triage } from '../../../rules/triage/triage.js';
import { contentMatrices, effective, eventOf } from '../../support/triage.js';

interface Vector {
  readonly comment: string;
  readonly grade: string;
  readonly points: number;
  readonly reasons: readonly string[];
  readonly time: string;
  readonly event: Readonly<Record<string, FieldValue>>;
}

const triage = new Triage((await contentMatrices()).map(effective));

describe.each(['antivirus', 'proxy'])('the %s matrix', (sheet) => {
  const file = new URL(`../../vectors/triage/${sheet}.jsonl`, import.meta.url);
  const vectors = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector);

  test('has fifty events of all grades', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(50);
    expect(new Set(vectors.map(({ grade }) => grade)).size).toBe(3);
  });

  test.each(vectors)('$comment', ({ event, time, grade, points, reasons }) => {
    const graded = triage.grade(eventOf(event, time));
    expect(graded).toMatchObject({ sheet, grade, points });
    expect(graded?.reasons.map((reason) => `${reason.points} ${reason.attribute}/${reason.value}`)).toEqual(reasons);
    for (const { evidence } of graded?.reasons ?? []) expect(Object.values(evidence)).not.toContain(undefined);
  });
});
