import { EventShape, FlatEvent, type FieldValue } from '../../events/event.js';
import { loadRuleFolder } from '../../rules/folder.js';
import { decodeTriage, isAdjustment, type Matrix } from '../../rules/triage/matrix.js';
import type { EffectiveMatrix } from '../../rules/triage/merge.js';

export function eventOf(fields: Readonly<Record<string, FieldValue>>, time: string | null = null): FlatEvent {
  const timeMs = time === null ? null : Date.parse(time);
  return new FlatEvent(new EventShape(Object.keys(fields)), Object.values(fields), timeMs, 'test');
}

export function effective(matrix: Matrix): EffectiveMatrix {
  return { matrix, label: matrix.name, changedBy: new Map() };
}

/** The matrices of `content/triage`. */
export async function contentMatrices(): Promise<Matrix[]> {
  const { files } = await loadRuleFolder(new URL('../../content/triage/', import.meta.url).pathname);
  return files
    .flatMap(({ items }) => items)
    .map(({ value }) => decodeTriage(value))
    .filter((document): document is Matrix => !isAdjustment(document));
}

/** A small matrix of the antivirus sheet, and what a test changes of it. */
export function smallMatrix(changes: Partial<Matrix> = {}): Matrix {
  return {
    triage: 'antivirus',
    name: 'small',
    title: 'Small',
    grades: { relevant: 20, highlyRelevant: 50 },
    events: { needs: ['signature'] },
    facts: { signature: ['Signature', 'Threat'], path: ['Path'], user: ['User'] },
    attributes: [
      {
        attribute: 'name',
        title: 'Name',
        values: [
          { value: 'bad', points: 30, when: { signature: { contains: ['Bad'] } }, reason: 'it is bad' },
          { value: 'worse', points: 60, when: { signature: { words: ['Worse'] } }, reason: 'it is worse' },
        ],
      },
      {
        attribute: 'place',
        title: 'Place',
        values: [
          {
            value: 'admin-temp',
            points: 20,
            when: { path: { contains: ['\\temp\\'] }, user: { is: ['admin'] } },
            reason: 'an administrator runs no files out of there',
          },
        ],
      },
    ],
    ...changes,
  };
}

/** As a file of YAML, which JSON is, too; its first key must stand at the start of a line. */
export function triageYaml({ triage, ...rest }: Matrix): string {
  const lines = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  return `triage: ${triage}\n${lines.join('')}`;
}
