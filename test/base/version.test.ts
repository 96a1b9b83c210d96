import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compareVersions, productVersion } from '../../base/version.js';

test('the version is the one of package.json', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(productVersion).toBe(version);
});

test('versions are ordered by number', () => {
  expect(['1.10.0', '1.9.9', '0.1.0', '1.9.10'].sort(compareVersions)).toEqual(['0.1.0', '1.9.9', '1.9.10', '1.10.0']);
  expect(compareVersions('1.2.3', '1.2.3')).toBe(0);
  for (const text of ['1.2', '1.2.3.4', 'v1.2.3', '1.2.3-rc1', ''])
    expect(() => compareVersions(text, '1.0.0')).toThrow(RangeError);
});
