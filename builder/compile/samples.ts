import { basename, posix, resolve } from 'node:path';
import { decodeUtf8 } from '../../base/bytes.js';
import { CodedError, formatPlace } from '../../base/error.js';
import { readFileIfPresent } from '../../base/files.js';
import type { Json } from '../../base/json.js';
import type { SigmaRule } from '../../rules/sigma/rule.js';
import type { CompiledPack, PackRule } from './compile.js';
import { type PackConfig, recordedPath } from '../config/pack-config.js';
import { Probe } from './probe.js';
import { loadRegressionTests, openRecording, type RegressionTest } from './regression.js';
import { parseSampleFile, type SampleFile, sampleFileOf, type Samples } from './sample-file.js';

/** What the manifest of a pack says about its samples. */
export type SampleRecord = Readonly<{
  passed: number;
  untested: number;
  /** Rules that were left out for it. */
  failed: readonly Readonly<{ id: string; file: string; reason: string | null }>[];
}>;

export interface SampleResult {
  readonly id: string;
  readonly title: string;
  /** Of the rule, as it is recorded in the pack. */
  readonly file: string;
  readonly verdict: 'passed' | 'failed' | 'untested';
  /** Samples that were tried. */
  readonly samples: number;
  /** What failed, why nothing could be tried, or what is odd about a rule that passed. */
  readonly reason: string | null;
}

/** How a pack's rules did on their sample events; the release gate of a build. */
export interface SampleResults {
  /** Goes into the manifest. */
  readonly record: Json;
  /** Rules that failed, by id, each with what happened. */
  readonly failed: ReadonlyMap<string, string>;
}

export type TestSamples = (folder: string, pack: CompiledPack) => Promise<SampleResults>;

const maxSampleBytes = 8 * 1024 * 1024;

interface TestedRule extends PackRule {
  readonly rule: SigmaRule;
  readonly regressionTestsPath: string | null;
}

/**
 * Runs every Sigma rule of a pack against its samples: our own beside the rule (`<rule>.samples.yaml`), and SigmaHQ's
 * that its `regression_tests_path` names. A filter has none: it is tested with the rules that it narrows.
 */
export async function runSamples(folder: string, { config, rules }: CompiledPack): Promise<SampleResult[]> {
  const sigma = rules.flatMap(testedRule);
  const pack = sigma.map(({ rule }) => rule);
  const tested = sigma.filter(({ rule }) => !('filter' in rule));
  const perFile = new Map<string, number>();
  for (const { file } of tested) perFile.set(file, (perFile.get(file) ?? 0) + 1);
  const results: SampleResult[] = [];
  for (const one of tested) {
    const root = rootOf(folder, config, one);
    const isAlone = perFile.get(one.file) === 1;
    const probe = new Probe(one.rule, pack);
    const own = await runOwn(probe, one, await loadSamples(folder, one), isAlone);
    const recorded = await runRecorded(probe, root, one.regressionTestsPath);
    results.push(resultOf(one, own, recorded));
  }
  return results;
}

/** The release gate of `yms build`. */
export const testSamples: TestSamples = async (folder, pack) => {
  const results = await runSamples(folder, pack);
  const failed = results.filter(({ verdict }) => verdict === 'failed');
  const countOf = (wanted: SampleResult['verdict']) => results.filter(({ verdict }) => verdict === wanted).length;
  const record: SampleRecord = {
    passed: countOf('passed'),
    untested: countOf('untested'),
    failed: failed.map(({ id, file, reason }) => ({ id, file, reason })),
  };
  return {
    record,
    failed: new Map(failed.map(({ id, reason }) => [id, reason ?? ''])),
  };
};

function testedRule(rule: PackRule): TestedRule[] {
  const { item } = rule;
  if (item.kind !== 'sigma' || !('rule' in item)) return [];
  const compiled = item as { rule: SigmaRule; regressionTestsPath?: string };
  return [{ ...rule, rule: compiled.rule, regressionTestsPath: compiled.regressionTestsPath ?? null }];
}

/** The rule's file relative to `yms.yaml`. */
function sourcePathOf({ file, source }: PackRule): string {
  return posix.join(source.path, posix.relative(recordedPath(source.path), file));
}

/** What `regression_tests_path` is relative to: `tests.root`, or the folder that the source lies in, as in SigmaHQ. */
function rootOf(folder: string, { tests }: PackConfig, { source }: PackRule): string {
  return resolve(folder, tests.root ?? posix.dirname(posix.normalize(source.path)));
}

/** Null when there is no sample file; text when it is broken. */
async function loadSamples(folder: string, rule: PackRule): Promise<SampleFile | string | null> {
  const name = sampleFileOf(sourcePathOf(rule));
  try {
    const bytes = await readFileIfPresent(resolve(folder, name), maxSampleBytes);
    if (bytes === null) return null;
    const parsed = parseSampleFile(decodeUtf8(bytes, name), name);
    if ('byRule' in parsed) return parsed;
    return parsed.map(({ place, message }) => `${formatPlace(place)}: ${message}`).join('; ');
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
}

/** What the samples of one kind came to. */
interface Trial {
  tried: number;
  readonly failures: string[];
  /** Samples that could not be tried, and passes that are odd. */
  readonly remarks: string[];
}

async function runOwn(
  probe: Probe,
  { rule }: TestedRule,
  file: SampleFile | string | null,
  isAlone: boolean,
): Promise<Trial> {
  const trial: Trial = { tried: 0, failures: [], remarks: [] };
  const samples = typeof file === 'string' ? file : file && samplesOf(file, rule, isAlone);
  if (typeof samples === 'string') trial.failures.push(samples);
  if (typeof samples === 'string' || samples === null) return trial;
  for (const kind of ['positive', 'negative'] as const)
    for (const [index, sample] of samples[kind].entries()) {
      trial.tried++;
      const count = await probe.count([sample]);
      if (count > 0 === (kind === 'positive')) continue;
      const expected = kind === 'positive' ? 'a match, got none' : 'no match, got one';
      trial.failures.push(`${kind} sample ${index + 1}: expected ${expected}`);
    }
  return trial;
}

function samplesOf({ own, byRule }: SampleFile, rule: SigmaRule, isAlone: boolean): Samples | string | null {
  if (own && !isAlone) return 'samples: expected them by rule under "rules", as the file has several rules';
  return own ?? byRule.get(rule.id) ?? byRule.get(rule.name ?? rule.id) ?? null;
}

async function runRecorded(probe: Probe, root: string, path: string | null): Promise<Trial> {
  const trial: Trial = { tried: 0, failures: [], remarks: [] };
  if (path === null) return trial;
  try {
    const tests = await loadRegressionTests(root, path);
    if (tests === null) trial.remarks.push(`${path} is not there`);
    for (const test of tests ?? []) await runRecording(probe, test, trial);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    trial.failures.push(error.message);
  }
  return trial;
}

async function runRecording(probe: Probe, test: RegressionTest, trial: Trial): Promise<void> {
  const name = basename(test.path);
  const recording = await openRecording(test);
  if (recording === null) {
    trial.remarks.push(`${name} is not there, or no event log`);
    return;
  }
  trial.tried++;
  const count = await probe.count(recording.batches());
  const said = `${name}: expected a match count of ${test.matchCount ?? 'at least 1'}, got ${count}`;
  if (count < (test.matchCount ?? 1)) trial.failures.push(said);
  // SigmaHQ's own runner takes more matches than it was told for a warning, and some of its counts are too small.
  else if (test.matchCount !== null && count > test.matchCount) trial.remarks.push(said);
}

function resultOf({ rule, file }: TestedRule, own: Trial, recorded: Trial): SampleResult {
  const samples = own.tried + recorded.tried;
  const failures = [...own.failures, ...recorded.failures];
  const verdict = failures.length > 0 ? 'failed' : samples > 0 ? 'passed' : 'untested';
  const reason = (failures.length > 0 ? failures : recorded.remarks).join('; ');
  const { id, title } = rule;
  return { id, title, file, verdict, samples, reason: reason || (verdict === 'untested' ? 'no samples' : null) };
}
