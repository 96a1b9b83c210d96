import { expect } from 'vitest';
import { CodedError } from '../../base/error.js';

/** Runs `work` and returns the coded error it must end in; any other outcome fails the test. */
export async function expectCode(code: string, work: () => unknown): Promise<CodedError> {
  let outcome: unknown;
  try {
    outcome = await work();
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError);
    expect((error as CodedError).code, (error as CodedError).message).toBe(code);
    return error as CodedError;
  }
  return expect.fail(`expected an error with code ${code}, got ${JSON.stringify(outcome)}`);
}
