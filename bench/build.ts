/**
 * The build of the whole public Sigma repository, against parsing its YAML alone and against `tar | gzip -9`.
 *
 *     npm run compile:bench && SIGMAHQ_DIR=… node dist/bench/bench/build.js
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { compileRelease, sealRelease } from '../builder/build.js';
import { compilePack } from '../builder/compile.js';
import { loadConfig, selectPacks } from '../builder/config.js';
import { newSealingKey } from '../keys/sealing.js';
import { newSigningKey, signerOf } from '../keys/signing.js';
import { compare, formatTiming, report, reportRatio } from './measure.js';

const sigmaDir = process.env['SIGMAHQ_DIR'];
if (sigmaDir === undefined) throw new Error('SIGMAHQ_DIR: expected a checkout of the public Sigma rules, got nothing');

const folders = ['rules', 'rules-emerging-threats', 'rules-threat-hunting', 'rules-dfir', 'rules-compliance'];
const sources = [...folders, 'rules-placeholder'];

const workspace = mkdtempSync(join(tmpdir(), 'yms-bench-'));
const configPath = join(workspace, 'yms.yaml');
// A copy, so that the sources are relative paths and both contenders read the same warm files.
execFileSync('cp', ['-r', ...sources.map((name) => join(sigmaDir, name)), workspace]);
const list = sources.map((name) => `      - ${name}`).join('\n');
writeFileSync(configPath, `packs:\n  core:\n    feature: sigma\n    sources:\n${list}\n`);

const texts = sources.flatMap((name) =>
  readdirSync(join(workspace, name), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yml'))
    .map((file) => join(workspace, name, file)),
);

const config = await loadConfig(configPath);
const [pack] = selectPacks(config, ['core']);
if (!pack) throw new Error('yms.yaml: expected one pack, got none');

const signers = [signerOf(newSigningKey())];
const recipients = [newSealingKey().publicKey];
const release = { version: '2026.01.01.1', sequence: 1 };
let packBytes = 0;

async function build(): Promise<void> {
  if (!pack) return;
  const { compiled, tests } = await compileRelease(config, pack);
  const sealed = await sealRelease(compiled, { release, createdAt: new Date(0), signers, recipients, tests });
  packBytes = sealed.bytes.length;
}

const parseAll = (): void => {
  for (const path of texts) parse(readFileSync(path, 'utf8'));
};

const timings = await compare({ parse: parseAll, compile: () => compilePack(workspace, pack), build });
const gzipBytes = execFileSync('sh', ['-c', `tar c ${sources.join(' ')} | gzip -9 | wc -c`], { cwd: workspace });

report('files', String(texts.length));
report('yaml alone: read and parse', formatTiming(timings.parse));
report('build: read, parse, check, compile', formatTiming(timings.compile));
report('build: whole, with compression and sealing', formatTiming(timings.build));
reportRatio('whole build / yaml alone', timings.build.medianMs / timings.parse.medianMs, 2);
report('pack', `${packBytes} bytes`);
report('tar | gzip -9 of the same sources', `${Number(gzipBytes)} bytes`);
reportRatio('pack / tar.gz', packBytes / Number(gzipBytes), 0.75);
rmSync(workspace, { recursive: true });
