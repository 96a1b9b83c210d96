import { expect, test } from 'vitest';
import { RegistryExport } from '../../../scanner/elements/registry-export.js';

function valuesOf(lines: readonly string[]) {
  const reader = new RegistryExport();
  return lines.flatMap((line, i) => reader.push(line, i + 1) ?? []);
}

const hexOf = (bytes: Buffer): string => bytes.toString('hex').replace(/(..)(?=.)/g, '$1,');

test.each([
  ['UTF-16', 'utf16le'],
  ['Latin-1', 'latin1'],
] as const)('a %s text is found wherever in a value of several MiB it stands', (_, encoding) => {
  const marker = Buffer.from('\0https://pool.example/x\0', encoding);
  const step = 4096;
  const mib = 1024 * 1024;
  // Around the border of two parts byte pair by byte pair, and far behind it.
  for (const at of [mib - 60, mib - 2, mib + 2, 2 * mib - 30]) {
    const bytes = Buffer.concat([Buffer.alloc(at, 'A'), marker, Buffer.alloc(step, 0)]);
    const lines: string[] = [];
    for (let from = 0; from < bytes.length; from += step)
      lines.push(`  ${hexOf(bytes.subarray(from, from + step))},\\`);
    const found = valuesOf([String.raw`[HKEY_CURRENT_USER\K]`, '"v"=hex:\\', ...lines, '  00', '"w"="after"']);
    const values = found.flatMap(({ facts }) => facts.map(({ value }) => value));
    expect(values.includes('https://pool.example/x'), `at ${at}`).toBe(true);
    expect(values.at(-1)).toBe('after');
    for (const { facts } of found.slice(1, -1)) expect(facts[0]?.value).toBe(String.raw`HKEY_CURRENT_USER\K\v`);
  }
});

test('a byte may be divided by a line end, and its value begins where its name stands', () => {
  const [value] = valuesOf(['"v"=hex(2):68,00,7\\', '  4,00,74,00,70,00']);
  expect(value).toEqual({
    line: 1,
    facts: expect.arrayContaining([{ kind: 'text', name: 'data', value: 'http' }]) as unknown,
  });
});
