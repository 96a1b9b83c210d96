import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson, parseJson } from '../../../base/json.js';
import { loadRuleFolder } from '../../../rules/folder.js';
import { formatFault } from '../../../rules/fault.js';
import { compileTriage, decodeTriage } from '../../../rules/triage/matrix.js';
import { isTriageFile, parseTriageFile } from '../../../rules/triage/triage-file.js';
import { expectCode } from '../../support/expect-code.js';
import { contentMatrices, smallMatrix } from '../../support/triage.js';

const text = stringify(smallMatrix());
const faultsOf = (changed: string) => parseTriageFile(changed, 'm.yaml').faults.map(formatFault);

describe('matrix files', () => {
  test('give the matrix', () => {
    expect(parseTriageFile(text, 'm.yaml')).toEqual({ document: smallMatrix(), faults: [] });
    expect(isTriageFile(text)).toBe(true);
    expect(isTriageFile('title: x\ndetection:\n  a: 1\ntriage: x\n')).toBe(false);
  });

  test.each([
    [
      'an unknown key',
      text.replace('title: Small', 'title: Small\ncolour: red'),
      'm.yaml:4:1: error: triage: expected only known keys, got "colour" (unknown-key)',
    ],
    [
      'an unknown sheet',
      text.replace('triage: antivirus', 'triage: firewall'),
      'm.yaml:1:9: error: triage: expected one of antivirus, proxy, got "firewall" (wrong-value)',
    ],
    [
      'an unknown fact',
      text
        .replace('user:\n          is', 'usr:\n          is')
        .replace('user:\n            is', 'usr:\n            is')
        .replace(/user:(\s+)is/, 'usr:$1is'),
      /attributes\.1\.values\.0\.when\.usr: expected a fact of the antivirus sheet \(signature, /,
    ],
    [
      'a fact that no field holds',
      text.replace(/user:(\s+- User)/, 'hour:$1'),
      /facts\.hour: expected a fact of the antivirus sheet that fields hold/,
    ],
    [
      'points that are none',
      text.replace('points: 30', 'points: many'),
      /points: expected int|points: expected number/,
    ],
    ['points without end', text.replace('points: 30', 'points: 3000'), /points: expected at most 100, got number 3000/],
    [
      'no reason',
      text.replace(/\n +reason: it is bad/, ''),
      /attributes\.0\.values\.0\.reason: expected string, got nothing \(missing-key\)/,
    ],
    ['an unknown operator', text.replace('contains:', 'like:'), /got "like" \(unknown-key\)/],
    ['a value twice', text.replace('value: worse', 'value: bad'), /each value of an attribute once, got "bad"/],
    [
      'grades the wrong way round',
      text.replace('highlyRelevant: 50', 'highlyRelevant: 20'),
      /grades\.highlyRelevant: expected more than 20, got number 20/,
    ],
    [
      'an expression that is none',
      text.replace(/contains:(\s+)- Bad/, 'matches:$1- "("'),
      /expected an RE2 expression/,
    ],
    ['look-around', text.replace(/contains:(\s+)- Bad/, 'matches:$1- "(?=x)"'), /expected an RE2 expression/],
    ['a number for text', text.replace(/contains:(\s+)- Bad/, 'atLeast: 5'), /no atLeast on text/],
    ['no YAML', `${text}\n  x: [`, /yaml-syntax/],
    ['a bomb of levels', `triage: ${'['.repeat(20_000)}`, /yaml/],
  ])('%s has its place', (_, changed, message) => {
    const faults = faultsOf(changed);
    expect(changed).not.toBe(text);
    expect(faults.length).toBeGreaterThan(0);
    if (typeof message === 'string') expect(faults).toContain(message);
    else expect(faults.join('\n')).toMatch(message);
  });

  test('all faults of a file come at once', () => {
    const changed = text
      .replace('points: 30', 'points: 3000')
      .replace('points: 60', 'points: -3000')
      .replace('title: Small', 'title: ""');
    expect(faultsOf(changed)).toHaveLength(3);
  });

  test('an adjustment of unknown members is refused, a good one is not', () => {
    const change = { triage: 'antivirus', name: 'mine', title: 'Mine', adjusts: 'small', points: { 'name/bad': 5 } };
    expect(parseTriageFile(stringify(change), 'm.yaml').document).toEqual(change);
    expect(faultsOf(stringify({ ...change, events: {} }))).toHaveLength(1);
    expect(faultsOf(stringify({ ...change, points: { bad: 5 } }))).toHaveLength(1);
  });
});

describe('items', () => {
  test('come back out of a pack as they went in', async () => {
    for (const matrix of await contentMatrices()) {
      const { id, kind, value } = compileTriage(matrix);
      expect({ id, kind }).toEqual({ id: `triage:${matrix.name}`, kind: 'triage' });
      expect(decodeTriage(parseJson(canonicalJson(value)))).toEqual(matrix);
    }
  });

  test('another form is refused', async () => {
    await expectCode('triage-invalid', () => decodeTriage({ ...smallMatrix(), note: 1 }));
    await expectCode('triage-invalid', () =>
      decodeTriage({ ...smallMatrix(), grades: { relevant: 5, highlyRelevant: 5 } }),
    );
    await expectCode('triage-invalid', () => decodeTriage(null));
    await expectCode('triage-invalid', () => decodeTriage({ adjusts: 'x' }));
  });
});

test('content/triage has no faults and says where each value is from', async () => {
  const folder = new URL('../../../content/triage/', import.meta.url).pathname;
  const { files } = await loadRuleFolder(folder);
  expect(files.map(({ file, kind }) => [file, kind])).toEqual([
    ['antivirus.yaml', 'triage'],
    ['proxy.yaml', 'triage'],
  ]);
  expect(files.flatMap(({ faults }) => faults)).toEqual([]);
  for (const { attributes } of await contentMatrices())
    for (const { values } of attributes) for (const { value, source } of values) expect(source, value).toBeTruthy();
  expect(await readFile(`${folder}antivirus.yaml`, 'utf8')).toContain('CC0-1.0');
});
