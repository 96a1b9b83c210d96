/**
 * The build of the whole public Sigma repository, against parsing its YAML alone and against `tar | gzip -9`. Each run is
 * a process of its own, as a release pipeline runs it.
 *
 *     npm run compile:bench && SIGMAHQ_DIR=… node dist/bench/bench/build.js
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, formatTiming, report, reportRatio } from './measure.js';

const sigmaDir = process.env['SIGMAHQ_DIR'];
if (sigmaDir === undefined) throw new Error('SIGMAHQ_DIR: expected a checkout of the public Sigma rules, got nothing');

const folders = ['rules', 'rules-emerging-threats', 'rules-threat-hunting', 'rules-dfir', 'rules-compliance'];
const sources = [...folders, 'rules-placeholder'];

const workspace = mkdtempSync(join(tmpdir(), 'yms-bench-'));
// A copy, so that the sources are relative paths and both contenders read the same warm files.
execFileSync('cp', ['-r', ...sources.map((name) => join(sigmaDir, name)), workspace]);
const list = sources.map((name) => `      - ${name}`).join('\n');
writeFileSync(join(workspace, 'yms.yaml'), `packs:\n  core:\n    feature: sigma\n    sources:\n${list}\n`);

const script = fileURLToPath(new URL('build-step.js', import.meta.url));
const run = (step: string): string => execFileSync(process.execPath, [script, step, workspace], { encoding: 'utf8' });

let packBytes = 0;
const timings = await compare({
  parse: () => run('parse'),
  compile: () => run('compile'),
  build: () => (packBytes = Number(run('build'))),
});
const gzipBytes = execFileSync('sh', ['-c', `tar c ${sources.join(' ')} | gzip -9 | wc -c`], { cwd: workspace });

report('yaml alone: start, read and parse', formatTiming(timings.parse));
report('build: start, read, parse, check, compile', formatTiming(timings.compile));
report('build: whole, with compression and sealing', formatTiming(timings.build));
reportRatio('whole build / yaml alone', timings.build.medianMs / timings.parse.medianMs, 2);
report('pack', `${packBytes} bytes`);
report('tar | gzip -9 of the same sources', `${Number(gzipBytes)} bytes`);
reportRatio('pack / tar.gz', packBytes / Number(gzipBytes), 0.75);
rmSync(workspace, { recursive: true });
