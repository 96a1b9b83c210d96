import { InvalidArgumentError } from 'commander';

/** A whole number from 1, for an option. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d{1,16}$/.test(text) || count < 1 || !Number.isSafeInteger(count))
    throw new InvalidArgumentError(`expected a whole number from 1, got "${text}"`);
  return count;
}

/** For an option that may come several times. */
export function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
