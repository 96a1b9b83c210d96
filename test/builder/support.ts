import { expect } from 'vitest';
import { BuilderError } from '../../builder/error.js';
import { expectCode } from '../support/expect-code.js';

/** The entry at `index`, which the test knows to be there. */
export function at<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw new RangeError(`expected an entry at ${index}, got ${list.length} entries`);
  return entry;
}

/** As `expectCode`, for an error of the builder, whose faults the test looks at. */
export async function expectBuilderError(code: string, work: () => unknown): Promise<BuilderError> {
  const error = await expectCode(code, work);
  if (!(error instanceof BuilderError)) return expect.fail(`expected a BuilderError, got ${error.name}`);
  return error;
}
