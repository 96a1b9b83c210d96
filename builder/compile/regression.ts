import { isAbsolute, resolve, sep } from 'node:path';
import { z } from 'zod';
import { decodeUtf8 } from '../../base/bytes.js';
import { BaseError } from '../../base/error.js';
import { readFileIfPresent } from '../../base/files.js';
import { openEvents } from '../../events/read.js';
import { parsePlacedYaml, schemaFaults } from '../../rules/placed-yaml.js';
import { BuilderError } from '../error.js';

/** A recorded log and how often the rule must match in it; null: at least once. */
export interface RegressionTest {
  readonly path: string;
  readonly matchCount: number | null;
}

const maxInfoBytes = 1024 * 1024;

/** What we need of SigmaHQ's `info.yml`; more may stand there. */
const schema = z.object({
  regression_tests_info: z
    .array(z.object({ path: z.string().min(1), match_count: z.int().min(0).nullish() }))
    .max(1000)
    .nullish(),
});

/**
 * The tests that a rule's `regression_tests_path` names, relative to `root`; null when the file is not there.
 *
 * @throws BuilderError `samples-invalid` for a file of another form or a path that leads out of `root`
 */
export async function loadRegressionTests(root: string, path: string): Promise<readonly RegressionTest[] | null> {
  const bytes = await readFileIfPresent(below(root, path), maxInfoBytes);
  if (bytes === null) return null;
  const yaml = parsePlacedYaml(decodeUtf8(bytes, path), path);
  const parsed = schema.safeParse(yaml.value ?? {});
  const [fault] =
    yaml.faults.length > 0 || parsed.success ? yaml.faults : schemaFaults(parsed.error.issues, yaml, path);
  if (fault || !parsed.success)
    throw new BuilderError('samples-invalid', fault?.message ?? path, fault ? { place: fault.place } : {});
  return (parsed.data.regression_tests_info ?? []).map((test) => ({
    path: below(root, test.path),
    matchCount: test.match_count ?? null,
  }));
}

/** The events of a recorded log, or null when it is not there or is no event log. */
export async function openRecording({ path }: RegressionTest) {
  try {
    return await openEvents(path);
  } catch (error) {
    if (error instanceof BaseError && error.code === 'file-missing') return null;
    throw error;
  }
}

function below(root: string, path: string): string {
  const target = resolve(root, path);
  if (!isAbsolute(path) && target.startsWith(resolve(root) + sep)) return target;
  throw new BuilderError('samples-invalid', `sample path: expected one below ${root}, got ${path}`);
}
