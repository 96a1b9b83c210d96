import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseJson } from '../../base/json.js';
import { decodeSigma } from '../../rules/sigma/normal-form.js';
import { compileSigmaFile } from '../../rules/sigma/rule.js';

const root = process.env['SIGMAHQ_DIR'] ?? '';
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^rules(?:-|$)/.test(entry.name))
  .flatMap((entry) => readdirSync(join(root, entry.name), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.yml'))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const compiled = files.map((file) => ({
  file: relative(root, file),
  ...compileSigmaFile(readFileSync(file, 'utf8'), relative(root, file)),
}));
const rules = compiled.flatMap((result) => result.rules);

describe('the public rules', () => {
  test('all compile, but those that need values for placeholders', () => {
    const leftOut = compiled.filter((result) => result.rules.length === 0);
    const errors = compiled.flatMap((result) => result.faults).filter(({ severity }) => severity === 'error');
    expect(errors.filter(({ code }) => code !== 'placeholder-unresolved')).toEqual([]);
    expect(leftOut.every(({ faults }) => faults.some(({ code }) => code === 'placeholder-unresolved'))).toBe(true);
    expect({ files: files.length, rules: rules.length, leftOut: leftOut.length }).toEqual({
      files: 3779,
      rules: 3755,
      leftOut: 24,
    });
  });

  test('compile with values for their placeholders', () => {
    const names = ['Administrators', 'JumpServers', 'Workstations', 'Servers', 'DomainControllers'];
    const placeholders = new Map(names.map((name) => [name, ['a*', 'b']]));
    for (const { file, faults } of compiled) {
      if (faults.length === 0) continue;
      for (const fault of faults)
        for (const [, name] of fault.message.matchAll(/"%(\w+)%"/g))
          if (name !== undefined) placeholders.set(name, ['a*', 'b']);
      const again = compileSigmaFile(readFileSync(join(root, file), 'utf8'), file, { placeholders });
      expect(again.faults.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(again.rules).toHaveLength(1);
    }
  });

  test('go through their lines unchanged', () => {
    for (const rule of rules) {
      const line = canonicalJson(rule.value);
      expect(canonicalJson(decodeSigma(parseJson(line, rule.id), rule.id))).toBe(line);
    }
  });
});
