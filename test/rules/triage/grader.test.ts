import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareGrades } from '../../../rules/triage/grade.js';
import { Grader } from '../../../rules/triage/grader.js';
import type { Condition, Matrix } from '../../../rules/triage/matrix.js';
import { Triage } from '../../../rules/triage/triage.js';
import { contentMatrices, effective, eventOf, smallMatrix } from '../../support/triage.js';

const grader = (changes: Partial<Matrix> = {}) => new Grader(effective(smallMatrix(changes)));

/** A matrix of one value with one condition, and whether the event has it. */
function holds(condition: Condition, signature: string): boolean {
  const attributes = [
    {
      attribute: 'a',
      title: 'A',
      values: [{ value: 'v', points: 1, when: { signature: condition }, reason: 'r' }],
    },
  ];
  return grader({ attributes }).grade(eventOf({ Signature: signature }))?.reasons.length === 1;
}

describe('grades', () => {
  test('each attribute counts once, with its best value; every point has its reason', () => {
    const graded = grader().grade(eventOf({ Signature: 'Bad Worse', Path: 'C:\\Temp\\x', User: 'ADMIN' }));
    expect(graded).toMatchObject({ sheet: 'antivirus', by: { label: 'small' }, grade: 'highly-relevant', points: 80 });
    expect(graded?.reasons).toEqual([
      {
        attribute: 'name',
        title: 'Name',
        value: 'worse',
        points: 60,
        reason: 'it is worse',
        evidence: { signature: 'Bad Worse' },
        from: 'small',
      },
      {
        attribute: 'place',
        title: 'Place',
        value: 'admin-temp',
        points: 20,
        reason: 'an administrator runs no files out of there',
        evidence: { path: 'C:\\Temp\\x', user: 'ADMIN' },
        from: 'small',
      },
    ]);
  });

  test.each([
    ['Bad', 'relevant', 30],
    ['Worse', 'highly-relevant', 60],
    ['Other', 'less-relevant', 0],
  ])('%s is %s', (Signature, grade, points) => {
    expect(grader().grade(eventOf({ Signature }))).toMatchObject({ grade, points });
  });

  test('a value with two conditions needs both', () => {
    expect(grader().grade(eventOf({ Signature: 'x', Path: 'C:\\Temp\\x', User: 'jdoe' }))?.points).toBe(0);
    expect(grader().grade(eventOf({ Signature: 'x', Path: 'C:\\Temp\\x' }))?.points).toBe(0);
  });

  test('one event says nothing about the next', () => {
    const one = grader();
    one.grade(eventOf({ Signature: 'x', Path: 'C:\\Temp\\x' }));
    expect(one.grade(eventOf({ Signature: 'x', User: 'admin' }))?.points).toBe(0);
  });

  test('weight can be taken off, down to nothing', () => {
    const attributes = [
      ...smallMatrix().attributes,
      {
        attribute: 'test',
        title: 'Test',
        values: [{ value: 'test', points: -50, when: { signature: { contains: ['test'] } }, reason: 'a test' }],
      },
    ];
    expect(grader({ attributes }).grade(eventOf({ Signature: 'Worse test' }))).toMatchObject({ points: 10 });
    expect(grader({ attributes }).grade(eventOf({ Signature: 'Bad test' }))).toMatchObject({ points: 0 });
  });

  test('an answer stays the same after any number of others', () => {
    const one = grader();
    const pointsOf = (signature: string) => one.grade(eventOf({ Signature: signature }))?.points;
    const answers = (text: (i: number) => string) =>
      new Set(Array.from({ length: 30_000 }, (_, i) => pointsOf(text(i))));
    for (const text of ['7 Bad', 'Worse', 'fine']) pointsOf(text);
    expect(answers(() => 'Worse')).toEqual(new Set([60]));
    expect(answers((i) => `${i} Bad`)).toEqual(new Set([30]));
    expect(answers((i) => `${i} fine`)).toEqual(new Set([0]));
    expect(['7 Bad', 'Worse', 'fine'].map(pointsOf)).toEqual([30, 60, 0]);
  });

  test('the matrix that takes an event most seriously grades it', () => {
    const mild = smallMatrix({ name: 'mild', attributes: smallMatrix().attributes.slice(1) });
    expect(
      new Triage([effective(mild), effective(smallMatrix())]).grade(eventOf({ Signature: 'Bad' }))?.by.matrix.name,
    ).toBe('small');
  });
});

describe('events of other kinds', () => {
  test('are not graded', () => {
    expect(grader().grade(eventOf({ User: 'x' }))).toBeNull();
    expect(grader().grade(eventOf({ Signature: '', User: 'x' }))).toBeNull();
    expect(grader().grade(eventOf({ Signature: '-' }))).toBeNull();
    expect(grader().grade(eventOf({}))).toBeNull();
    const events = { needs: ['signature'], channels: ['Defender'], unless: ['Signed'] };
    expect(grader({ events }).grade(eventOf({ Channel: 'Sysmon', Signature: 'Bad' }))).toBeNull();
    expect(grader({ events }).grade(eventOf({ Channel: 'defender', Signature: 'Bad' }))).not.toBeNull();
    expect(grader({ events }).grade(eventOf({ Signature: 'Bad' }))).not.toBeNull();
    expect(grader({ events }).grade(eventOf({ Signature: 'Bad', Signed: 'true' }))).toBeNull();
  });

  test('Sysmon names code signers with the field Signature', async () => {
    const triage = new Triage((await contentMatrices()).map(effective));
    const sysmon = {
      Channel: 'Microsoft-Windows-Sysmon/Operational',
      EventID: 7,
      Signature: 'Mimikatz Ltd',
      Image: 'x',
    };
    expect(triage.grade(eventOf(sysmon))).toBeNull();
    expect(triage.grade(eventOf({ 'cs-host': 'www.example', 's-sitename': 'W3SVC1', 'cs-method': 'GET' }))).toBeNull();
  });
});

describe('conditions', () => {
  test.each([
    [{ is: ['bad'] }, 'BAD', 'badx'],
    [{ isNot: ['bad'] }, 'good', 'Bad'],
    [{ contains: ['ad'] }, 'BADLY', 'bed'],
    [{ startsWith: ['ba'] }, 'Bad', 'abad'],
    [{ endsWith: ['ad'] }, 'BAD', 'bada'],
    [{ words: ['apt'] }, 'X.APT-1', 'adapter'],
    [{ words: ['apt'] }, 'apt', 'apt29'],
    [{ matches: ['^b[a-e]d$'] }, 'BED', 'bid'],
    [{ is: ['x'], endsWith: ['y'] }, 'xy', 'xz'],
  ] as [Condition, string, string][])('%j holds for %s and not for %s', (condition, yes, no) => {
    expect(holds(condition, yes)).toBe(true);
    expect(holds(condition, no)).toBe(false);
  });

  test('numbers: from, to, one of, none of, and text that is no number', () => {
    const attributes = [
      {
        attribute: 'a',
        title: 'A',
        values: [{ value: 'v', points: 1, when: { eventId: { atLeast: 5, atMost: 7 } }, reason: 'r' }],
      },
    ];
    const one = grader({ attributes, facts: { signature: ['Signature'], eventId: ['EventID'] } });
    const points = (EventID: string | number) => one.grade(eventOf({ Signature: 'x', EventID }))?.points;
    expect([4, 5, '7', 8, 'six', ''].map(points)).toEqual([0, 1, 1, 0, 0, 0]);
  });

  test('a field that says nothing is empty, one that is not there is not', () => {
    const attributes = [
      {
        attribute: 'a',
        title: 'A',
        values: [{ value: 'v', points: 1, when: { user: { empty: true as const } }, reason: 'r' }],
      },
    ];
    const one = grader({ attributes });
    expect(one.grade(eventOf({ Signature: 'x', User: '' }))?.points).toBe(1);
    expect(one.grade(eventOf({ Signature: 'x', User: '-' }))?.points).toBe(1);
    expect(one.grade(eventOf({ Signature: 'x', User: null }))?.points).toBe(1);
    expect(one.grade(eventOf({ Signature: 'x', User: 'y' }))?.points).toBe(0);
    expect(one.grade(eventOf({ Signature: 'x' }))?.points).toBe(0);
  });

  test('very long and hostile text takes linear time', () => {
    const start = performance.now();
    expect(holds({ matches: ['(a+)+$'] }, `${'a'.repeat(100_000)}!`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('monotonic', () => {
  const names = ['w0', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7'];
  const value = fc.record({
    points: fc.integer({ min: -50, max: 100 }),
    fact: fc.constantFrom('signature', 'path', 'user'),
    word: fc.nat(7),
  });

  test('in any matrix, one more damning thing that an event says never lowers its grade', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.record({ fact: fc.constantFrom('Signature', 'Path', 'User'), word: fc.nat(7) }), { maxLength: 6 }),
        fc.record({ fact: fc.constantFrom('Signature', 'Path', 'User'), word: fc.nat(7) }),
        (rows, said, more) => {
          const attributes = rows.map((cells, row) => ({
            attribute: `a${row}`,
            title: 'A',
            values: cells.map(({ points, fact, word }, cell) => ({
              value: `v${cell}`,
              points,
              when: { [fact]: { words: [names[word] ?? ''] } },
              reason: 'r',
            })),
          }));
          const one = grader({ attributes });
          const event = (facts: readonly { fact: string; word: number }[]) => {
            const fields: Record<string, string> = { Signature: 'x' };
            for (const { fact, word } of facts) fields[fact] = `${fields[fact] ?? ''} ${names[word] ?? ''}`;
            return eventOf(fields);
          };
          const lowers = attributes.some(({ values }) =>
            values.some(
              ({ points, when }) => points < 0 && when[more.fact.toLowerCase()]?.words.includes(names[more.word] ?? ''),
            ),
          );
          fc.pre(!lowers); // else it is not damning
          const [before, after] = [one.grade(event(said)), one.grade(event([...said, more]))];
          if (before === null || after === null) throw new Error('expected grades');
          expect(after.points).toBeGreaterThanOrEqual(before.points);
          expect(compareGrades(after.grade, before.grade)).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('in our own matrices, a fact that was missing and is damning never lowers the grade', async () => {
    const graders = (await contentMatrices()).map((matrix) => ({ matrix, grader: new Grader(effective(matrix)) }));
    const cells = graders.flatMap(({ matrix, grader: one }) =>
      matrix.attributes.flatMap(({ values }) => values.map((cell) => ({ one, cell, matrix }))),
    );
    const sayings = (condition: Condition | undefined) =>
      [condition?.contains, condition?.words, condition?.startsWith, condition?.endsWith, condition?.is].flatMap(
        (list) => (list ?? []).filter((literal) => typeof literal === 'string'),
      );
    fc.assert(
      fc.property(
        fc.constantFrom(...cells),
        fc.constantFrom(...cells),
        fc.nat(),
        ({ one, cell, matrix }, base, pick) => {
          fc.pre(base.matrix === matrix && cell.points >= 0 && base.cell !== cell);
          const facts = new Map<string, string>();
          for (const [fact, condition] of Object.entries(base.cell.when)) {
            const said = sayings(condition);
            if (said.length > 0) facts.set(fact, said[pick % said.length] ?? '');
          }
          const before = one.gradeFacts(new Map(facts));
          const after = new Map(facts);
          for (const [fact, condition] of Object.entries(cell.when)) {
            const said = sayings(condition);
            fc.pre(!facts.has(fact) && said.length > 0 && fact !== 'host'); // a vendor's host takes weight off
            after.set(fact, said[pick % said.length] ?? '');
          }
          const graded = one.gradeFacts(after);
          fc.pre(
            !graded.reasons.some(
              ({ points, evidence }) => points < 0 && Object.keys(evidence).some((fact) => !facts.has(fact)),
            ),
          );
          expect(graded.points).toBeGreaterThanOrEqual(before.points);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
