import { describe, expect, test } from 'vitest';
import { Grader } from '../../../rules/triage/grader.js';
import type { Adjustment } from '../../../rules/triage/matrix.js';
import { mergeTriage, type TriageSource } from '../../../rules/triage/merge.js';
import { eventOf, smallMatrix } from '../../support/triage.js';

const matrix: TriageSource = { document: smallMatrix(), pack: 'triage/yms/stable', label: 'triage/yms/stable 1' };
const change = (changes: Partial<Adjustment>, pack: string | null = null): TriageSource => ({
  document: { triage: 'antivirus', name: 'mine', title: 'Mine', adjusts: 'small', ...changes },
  pack,
  label: 'triage/mine.yaml',
});
const gradeWith = (...sources: TriageSource[]) => {
  const { matrices, faults } = mergeTriage(sources);
  const grade = (fields: Record<string, string>) => {
    const [first] = matrices;
    return first ? new Grader(first).grade(eventOf(fields)) : null;
  };
  return { matrices, faults: faults.map(({ message }) => message), grade };
};

describe('a site changes', () => {
  test('points, and the reason says who did', () => {
    const { grade, faults } = gradeWith(matrix, change({ points: { 'name/bad': 100 } }));
    expect(faults).toEqual([]);
    expect(grade({ Signature: 'Bad' })).toMatchObject({
      grade: 'highly-relevant',
      points: 100,
      reasons: [{ value: 'bad', points: 100, from: 'triage/mine.yaml' }],
    });
    expect(grade({ Signature: 'Worse' })?.reasons[0]?.from).toBe('triage/yms/stable 1');
  });

  test('which values there are', () => {
    const attributes = [
      {
        attribute: 'name',
        title: 'Name',
        values: [
          { value: 'bad', points: 1, when: { signature: { is: ['mild'] } }, reason: 'another meaning' },
          { value: 'new', points: 70, when: { signature: { is: ['new'] } }, reason: 'new' },
        ],
      },
      {
        attribute: 'own',
        title: 'Own',
        values: [{ value: 'x', points: 7, when: { user: { is: ['x'] } }, reason: 'ours' }],
      },
    ];
    const { grade } = gradeWith(matrix, change({ attributes, without: ['name/worse'] }));
    expect(grade({ Signature: 'Bad' })?.points).toBe(0);
    expect(grade({ Signature: 'mild', User: 'x' })?.points).toBe(8);
    expect(grade({ Signature: 'new' })?.points).toBe(70);
    expect(grade({ Signature: 'Worse' })?.points).toBe(0);
  });

  test('fields, limits and time zone', () => {
    const { matrices, grade } = gradeWith(
      matrix,
      change({ facts: { signature: ['Virus'] }, grades: { relevant: 10 }, timeZone: 'Europe/Berlin' }),
    );
    expect(grade({ Virus: 'Bad' })?.points).toBe(30);
    expect(matrices[0]?.matrix).toMatchObject({
      grades: { relevant: 10, highlyRelevant: 50 },
      timeZone: 'Europe/Berlin',
    });
  });

  test('nothing of the matrix that others have', () => {
    gradeWith(matrix, change({ points: { 'name/bad': 100 } }));
    expect(matrix.document).toEqual(smallMatrix());
  });
});

describe('how far it reaches', () => {
  test('a change in a pack stays in its pack', () => {
    const own = change({ points: { 'name/bad': 100 } }, 'triage/yms/stable');
    const foreign = change({ points: { 'name/bad': 100 } }, 'other/x/stable');
    expect(gradeWith(matrix, own).grade({ Signature: 'Bad' })?.points).toBe(100);
    expect(gradeWith(matrix, foreign).grade({ Signature: 'Bad' })?.points).toBe(30);
  });

  test('what it names must be there', () => {
    const wrong = change({ points: { 'name/none': 1, 'name/bad': 40 }, without: ['no/thing'] });
    const { faults, grade } = gradeWith(matrix, wrong);
    expect(faults).toEqual([
      'without: expected a value of small, got "no/thing"',
      'points: expected a value of small, got "name/none"',
    ]);
    expect(grade({ Signature: 'Bad' })?.points).toBe(40);
    expect(gradeWith(matrix, change({ adjusts: 'other' })).faults).toEqual([
      'adjusts: expected a matrix of the antivirus sheet, got "other"',
    ]);
    expect(gradeWith(matrix, change({ triage: 'proxy' })).faults).toHaveLength(1);
  });

  test('limits that cross are left as they were', () => {
    const { matrices, faults } = gradeWith(matrix, change({ grades: { highlyRelevant: 5 } }));
    expect(faults).toHaveLength(1);
    expect(matrices[0]?.matrix.grades).toEqual(smallMatrix().grades);
  });
});
