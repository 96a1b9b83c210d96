import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../base/clock.js';
import type { Fault } from '../../rules/fault.js';
import { loadRuleFile, loadRuleFolder, type RuleFile } from '../../rules/folder.js';
import { decodeTriage } from '../../rules/triage/matrix.js';
import { type EffectiveMatrix, mergeTriage, type TriageSource } from '../../rules/triage/merge.js';
import { openHome } from '../../scanner/state/home.js';
import { loadMerged } from '../../scanner/merge/merged-ruleset.js';
import { triageSources } from '../../scanner/merge/triage-sources.js';
import { CliError } from '../error.js';

export interface MatrixOptions {
  /** Files or folders in place of all others. */
  readonly matrix: readonly string[];
  /** Local rules of another folder than the state folder's. */
  readonly custom?: string;
  readonly home: string;
}

export interface LoadedMatrices {
  readonly matrices: readonly EffectiveMatrix[];
  readonly faults: readonly Fault[];
  /** Where they came from, in words. */
  readonly origin: string;
}

/**
 * The matrices to grade with: those that were named; or the packs and local rules of this endpoint, as a scan has them;
 * or, where no pack has any, those that come with yms, with the endpoint's local changes.
 *
 * @throws CliError `triage-no-matrix`; what loading the endpoint's rules throws
 */
export async function loadMatrices({ matrix, custom, home }: MatrixOptions): Promise<LoadedMatrices> {
  if (matrix.length > 0) {
    const files = (await Promise.all(matrix.map(filesOf))).flat();
    return merged(
      files.flatMap(sourcesOf),
      files.flatMap(({ faults }) => faults),
      matrix.join(', '),
    );
  }
  const set = await loadMerged(openHome(home), systemClock, custom ?? null);
  const own = triageSources(set.rules);
  const faults = set.faults.filter(({ severity }) => severity === 'error');
  const hasMatrix = own.some(({ document }) => !('adjusts' in document));
  if (hasMatrix) return merged(own, faults, 'the rules of this endpoint');
  const files = await filesOf(await builtInFolder());
  return merged([...files.flatMap(sourcesOf), ...own], faults, 'the matrices that come with yms');
}

function merged(sources: readonly TriageSource[], faults: readonly Fault[], origin: string): LoadedMatrices {
  const { matrices, faults: unknown } = mergeTriage(sources);
  if (matrices.length === 0)
    throw new CliError('triage-no-matrix', `${origin}: expected a triage matrix, got none`, {
      hint: faults.length > 0 ? 'the files have faults: see yms lint' : 'name one with --matrix',
    });
  return { matrices, faults: [...faults, ...unknown], origin };
}

async function filesOf(path: string): Promise<readonly RuleFile[]> {
  const info = await stat(path).catch(() => null);
  if (info === null) throw new CliError('triage-no-matrix', `${path}: expected a triage matrix, got nothing there`);
  return info.isDirectory() ? (await loadRuleFolder(path)).files : [loadRuleFile(path, basename(path))];
}

function sourcesOf({ file, items }: RuleFile): TriageSource[] {
  return items
    .filter(({ kind }) => kind === 'triage')
    .map(({ value }) => ({ document: decodeTriage(value), pack: null, label: file }));
}

/** `content/triage` of the clone, from the sources or from `dist`. */
async function builtInFolder(): Promise<string> {
  for (const up of ['../../', '../../../']) {
    const path = fileURLToPath(new URL(`${up}content/triage/`, import.meta.url));
    if ((await stat(path).catch(() => null))?.isDirectory()) return path;
  }
  throw new CliError('triage-no-matrix', 'content/triage: expected the matrices that come with yms, got no folder', {
    hint: 'name one with --matrix',
  });
}
