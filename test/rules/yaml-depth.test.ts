import { expect, test } from 'vitest';
import { parsePlacedYaml } from '../../rules/placed-yaml.js';
import { parsePoolFile } from '../../rules/pools/pool-list.js';
import { findDeepYaml, maxYamlDepth } from '../../rules/yaml-depth.js';

test('finds where a document is nested too deep, in every style', () => {
  expect(findDeepYaml(`${'['.repeat(maxYamlDepth)}${']'.repeat(maxYamlDepth)}`)).toBeNull();
  expect(findDeepYaml(`a:\n ${'['.repeat(maxYamlDepth)}`)).toEqual({ line: 2, column: maxYamlDepth + 1 });
  expect(findDeepYaml('- '.repeat(maxYamlDepth + 1))).not.toBeNull();
  expect(findDeepYaml('{a: '.repeat(maxYamlDepth + 1))).not.toBeNull();
});

test.each(['[', '- ', '{a: ', '? '])(
  '%j a hundred thousand times is a fault with a place, not the end of the process',
  (open) => {
    const text = `pools:\n  ${open.repeat(100_000)}`;
    const place = { file: 'x.yaml', line: 2, column: expect.any(Number) as number };
    expect(parsePlacedYaml(text, 'x.yaml').faults).toMatchObject([{ code: 'yaml-depth', place }]);
    expect(parsePoolFile(text, 'x.yaml').faults).toMatchObject([{ code: 'yaml-depth', place }]);
  },
);
