import type { ValueFault } from './operation.js';

/** What `%name%` stands for, by name; values may have wildcards (Sigma 2.1, "Placeholders"). */
export type Placeholders = ReadonlyMap<string, readonly string[]>;

export const maxExpandedValues = 10_000;

/**
 * Replaces every `%name%` by each of its values; `\%` is a plain percent sign. A value with several placeholders
 * becomes every combination, at most {@link maxExpandedValues}.
 */
export function expandPlaceholders(value: string, placeholders: Placeholders): readonly string[] | ValueFault {
  let expanded = [''];
  let start = 0;
  const append = (tails: readonly string[]): void => {
    expanded = expanded.flatMap((head) => tails.map((tail) => head + tail));
  };
  for (const match of value.matchAll(/\\%|%(\w+)%/g)) {
    append([value.slice(start, match.index)]);
    start = match.index + match[0].length;
    const [, name] = match;
    const values = name === undefined ? ['%'] : placeholders.get(name);
    if (values === undefined || values.length === 0)
      return {
        code: 'placeholder-unresolved',
        message: `expected values for the placeholder "%${name ?? ''}%", got none`,
      };
    if (expanded.length * values.length > maxExpandedValues)
      return { code: 'modifier-value', message: `expected at most ${maxExpandedValues} expanded values, got more` };
    append(values);
  }
  append([value.slice(start)]);
  return expanded;
}
