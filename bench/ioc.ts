/**
 * A million indicators of mixed kinds: loading them, a log against `grep -F -f` with the same list, files, and what one
 * regular expression after another (LOKI's way) would take.
 *
 *     npm run compile:bench && node dist/bench/bench/ioc.js [indicators] [log lines]
 *
 * Compiled, because threads start from files of JavaScript; with tsx it runs in one thread.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShapeTable } from '../events/shapes.js';
import type { Indicator } from '../rules/ioc/indicator.js';
import { defaultArchiveLimits } from '../scanner/input/archive-budget.js';
import { withFile } from '../scanner/input/content.js';
import { Examiner } from '../scanner/elements/examine.js';
import type { ElementRule } from '../scanner/elements/element-rule.js';
import { Judge } from '../scanner/elements/judge.js';
import { Diagnostics } from '../scanner/input/diagnostic.js';
import { walk } from '../scanner/elements/walk.js';
import { HashThreads } from '../scanner/elements/hash-threads.js';
import { defaultMaxFileBytes, scanElements } from '../scanner/elements/scan-elements.js';
import { compare, formatTiming, report, reportRatio } from './measure.js';

const count = Number(process.argv[2] ?? 1_000_000);
const lineCount = Number(process.argv[3] ?? 2_000_000);
const folder = mkdtempSync(join(tmpdir(), 'yms-bench-ioc-'));

const hex = (text: string, length: number): string => createHash('sha512').update(text).digest('hex').slice(0, length);
const score = 100;

/** Half hashes, a third domains and addresses, the rest URLs, file names, keywords and the others, as feeds have them. */
function indicatorOf(index: number): Indicator {
  const word = hex(`word ${index}`, 10);
  switch (index % 20) {
    case 0: case 1: case 2: case 3: return { type: 'sha256', value: hex(`a${index}`, 64), score };
    case 4: case 5: case 6: return { type: 'md5', value: hex(`b${index}`, 32), score };
    case 7: case 8: return { type: 'sha1', value: hex(`c${index}`, 40), score };
    case 9: case 10: case 11: case 12: return { type: 'domain', value: `${word}.${word.slice(0, 3)}-evil.example`, score };
    case 13: return { type: 'fqdn', value: `c2.${word}.example`, score };
    case 14: return { type: 'ip', value: `203.${index % 256}.${(index >> 8) % 256}.${(index >> 16) % 256}`, score };
    case 15: return { type: 'url', value: `http://${word}.example/gate.php`, score };
    case 16: return { type: 'filename', value: `[\\\\/]${word}\\.exe$`, score };
    case 17: return { type: 'filename', value: `tool-${word}`, score };
    case 18: return { type: 'keyword', value: `mark-of-${word}`, score };
    default: return { type: 'pipe', value: `pipe-${word}`, score };
  }
} // prettier-ignore

/** The same list as plain strings, as `grep -F` takes it: of an expression, the literal in it. */
function literalOf({ type, value }: Indicator): string {
  return type === 'filename' ? value.replace(/^\[\\\\\/\]|\$$/g, '').replaceAll('\\.', '.') : value;
}

const source = { origin: 'pack', pack: 'ioc/bench/stable', version: '1', file: null } as const;
const rules: ElementRule[] = Array.from({ length: count }, (_, index) => {
  const indicator = indicatorOf(index);
  return { kind: 'ioc', id: `${indicator.type}:${indicator.value}`, line: '', indicator, source };
});

const programs = ['sshd', 'CRON', 'systemd', 'kernel', 'postfix/smtpd', 'nginx', 'dhclient', 'sudo'];
const words =
  'session opened for user connection from closed by remote host accepted key failed password started unit stopped timer request handled in ms'.split(
    ' ',
  );

/** Auth and system messages, a hit every ten thousand lines. */
function writeLog(path: string): number {
  let hits = 0;
  let random = 12_345;
  const next = (below: number): number => ((random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0) >>> 8) % below;
  let lines: string[] = [];
  const flush = (): void => {
    writeFileSync(path, lines.join(''), { flag: 'a' });
    lines = [];
  };
  for (let index = 0; index < lineCount; index++) {
    const clock = `${String(next(24)).padStart(2, '0')}:${String(next(60)).padStart(2, '0')}:${String(next(60)).padStart(2, '0')}`;
    const said = Array.from({ length: 6 }, () => words[next(words.length)]).join(' ');
    const host = `h${next(5000)}.corp${next(50)}.test`;
    const hit = index % 10_000 === 5000;
    if (hit) hits++;
    const about = hit
      ? literalOf(indicatorOf(9 + 20 * next(Math.floor(count / 20))))
      : `${host} (10.${next(256)}.${next(256)}.${next(256)})`;
    lines.push(
      `Nov ${String(next(28) + 1).padStart(2)} ${clock} web${next(20)} ${programs[next(programs.length)] ?? ''}[${next(60_000)}]: ${said} ${about} port ${next(65_536)}\n`,
    );
    if (lines.length === 50_000) flush();
  }
  flush();
  return hits;
}

const logPath = join(folder, 'auth.log');
const hits = writeLog(logPath);
const listPath = join(folder, 'list.txt');
writeFileSync(listPath, `${rules.map((rule) => (rule.kind === 'ioc' ? literalOf(rule.indicator) : '')).join('\n')}\n`);
const emptyPath = join(folder, 'empty.log');
writeFileSync(emptyPath, 'nothing\n');
const logBytes = statSync(logPath).size;

const memoryBefore = process.memoryUsage();
const loadStart = performance.now();
const judge = new Judge(rules, new Date(0));
const loadMs = performance.now() - loadStart;
const memoryAfter = process.memoryUsage();

let found = 0;
const examinerOf = (one: Judge, hashThreads: HashThreads | null): Examiner =>
  new Examiner({
    judge: one,
    diagnostics: new Diagnostics(),
    shapes: new ShapeTable(),
    limits: defaultArchiveLimits,
    maxFileBytes: Infinity,
    hashThreads,
    signal: new AbortController().signal,
    found: () => {
      found++;
    },
    count: () => undefined,
    read: () => undefined,
  });

async function scanPath(path: string, one: Judge, hashThreads: HashThreads | null = null): Promise<void> {
  const examiner = examinerOf(one, hashThreads);
  const diagnostics = new Diagnostics();
  for await (const entry of walk([path]))
    if (entry.kind === 'file')
      await withFile({ path: entry.path, followsLink: true }, diagnostics, (content) => examiner.examine(content));
}

function grep(path: string): string {
  const env = { ...process.env, LC_ALL: 'C' };
  return execFileSync('sh', ['-c', `grep -c -F -f '${listPath}' '${path}' || true`], { env, encoding: 'utf8' }).trim();
}

// Hashes of a log file are work that grep does not do: the log is compared without them.
const withoutHashes = new Judge(
  rules.filter((rule) => rule.kind !== 'ioc' || !/^(?:md5|sha|imphash)/.test(rule.indicator.type)),
  new Date(0),
);

report('indicators', `${count} of 10 types`);
report('log', `${lineCount} lines, ${(logBytes / 1e6).toFixed(0)} MB, ${hits} with a hit`);
report('load: tables and searches', `${loadMs.toFixed(0)} ms`);
report(
  'memory: tables and searches',
  `${((memoryAfter.heapUsed + memoryAfter.arrayBuffers - memoryBefore.heapUsed - memoryBefore.arrayBuffers) / 1e6).toFixed(0)} MB beside the rules`,
);
report('memory: process', `${(memoryAfter.rss / 1e6).toFixed(0)} MB`);

found = 0;
await scanPath(logPath, judge);
if (found !== hits) throw new Error(`log: expected ${hits} findings, got ${found}`);

const timings = await compare(
  {
    yms: () => scanPath(logPath, judge),
    ymsWithoutHashes: () => scanPath(logPath, withoutHashes),
    grep: () => grep(logPath),
    grepLoading: () => grep(emptyPath),
    wc: () => execFileSync('wc', ['-l', logPath]),
  },
  3,
);
const perSecond = (ms: number): string =>
  `${Math.round(lineCount / (ms / 1000)).toLocaleString('en-US')} lines/s, ${(logBytes / 1e3 / ms).toFixed(0)} MB/s`;
const grepMs = timings.grep.medianMs - timings.grepLoading.medianMs;
report('yms: log, with the file’s three digests', `${formatTiming(timings.yms)}: ${perSecond(timings.yms.medianMs)}`);
report(
  'yms: log, no hashes in the list',
  `${formatTiming(timings.ymsWithoutHashes)}: ${perSecond(timings.ymsWithoutHashes.medianMs)}`,
);
report('grep -F -f: loading the list', formatTiming(timings.grepLoading));
report('grep -F -f: log, loading taken off', `${grepMs.toFixed(0)} ms: ${perSecond(grepMs)}`);
reportRatio('yms / grep, after loading', timings.yms.medianMs / grepMs, 1);
reportRatio('yms / grep, with loading', (timings.yms.medianMs + loadMs) / timings.grep.medianMs, 1);

// LOKI compiles each file-name expression, and tries each on each path; domains are looked for one after the other.
const sampleLines = execFileSync('head', ['-n', '200', logPath], { encoding: 'utf8' }).trimEnd().split('\n');
const sampleRules = rules.slice(0, 10_000).flatMap((rule) => (rule.kind === 'ioc' ? [literalOf(rule.indicator)] : []));
const expressions = sampleRules.map((literal) => new RegExp(literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
const lokiStart = performance.now();
let lokiHits = 0;
for (const line of sampleLines) for (const expression of expressions) if (expression.test(line)) lokiHits++;
const lokiMs = ((performance.now() - lokiStart) / sampleLines.length / expressions.length) * count * lineCount;
report(
  'one expression after another, extrapolated',
  `${(lokiMs / 3_600_000).toFixed(0)} hours (${lokiHits} hits in the sample)`,
);
report('yms is faster by', `${Math.round(lokiMs / timings.yms.medianMs).toLocaleString('en-US')} times`);

const files = join(folder, 'files');
const fileCount = 20_000;
for (let index = 0; index < fileCount; index++) {
  if (index % 200 === 0) mkdirSync(join(files, String(index / 200)), { recursive: true });
  writeFileSync(join(files, String(Math.floor(index / 200)), `f${index}`), randomBytes(8192));
}
const large = join(folder, 'large.bin');
for (let piece = 0; piece < 256; piece++) writeFileSync(large, randomBytes(1 << 20), { flag: 'a' });
const hashOnly = new Judge(
  rules.filter((rule) => rule.kind === 'ioc' && /^(?:md5|sha)/.test(rule.indicator.type)),
  new Date(0),
);
const canStartThreads = import.meta.url.endsWith('.js');
const hashThreads = canStartThreads ? new HashThreads() : null;

/** The whole of a scan with a list of usual length: its tables, and those of each thread, are made in it. */
async function scanFiles(threads: number): Promise<void> {
  await scanElements(
    {
      ...{ rules: rules.slice(0, 20_000), paths: [files], hostRoot: null, minLevel: 'medium', threads },
      ...{ maxFileBytes: defaultMaxFileBytes, now: new Date(0), signal: new AbortController().signal },
    },
    { finding: () => undefined, fail: () => undefined, read: () => undefined },
  );
}

const fileTimings = await compare(
  {
    small: () => scanPath(files, judge),
    oneThread: () => scanFiles(1),
    twoThreads: () => scanFiles(2),
    large: () => scanPath(large, judge),
    largeThreads: () => scanPath(large, judge, hashThreads),
    largeHashes: () => scanPath(large, hashOnly),
    sums: () => execFileSync('sh', ['-c', `md5sum '${large}' && sha1sum '${large}' && sha256sum '${large}'`]),
  },
  3,
);
/** Of all threads: what others do on the machine changes it least. */
async function processorMs(work: () => Promise<void>): Promise<string> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return `${((user + system) / 1000).toFixed(0)} ms`;
}

const processorTimes = {
  oneThread: await processorMs(() => scanFiles(1)),
  twoThreads: await processorMs(() => scanFiles(2)),
  large: await processorMs(() => scanPath(large, judge)),
  largeThreads: await processorMs(() => scanPath(large, judge, hashThreads)),
};
await hashThreads?.close();
const filesPerSecond = (ms: number): string => `${Math.round(fileCount / (ms / 1000))} files/s`;
const reportFiles = (name: string, time: (typeof fileTimings)['small']): void =>
  report(name, `${formatTiming(time)}: ${filesPerSecond(time.medianMs)}`);
reportFiles('20,000 files of 8 KiB: hashes, names, strings', fileTimings.small);
reportFiles('whole scan of them, 20,000 indicators', fileTimings.oneThread);
report('  processor time', processorTimes.oneThread);
const reportLarge = (name: string, time: (typeof fileTimings)['large']): void =>
  report(name, `${formatTiming(time)}: ${(268.4 / (time.medianMs / 1000)).toFixed(0)} MB/s`);
if (canStartThreads) {
  reportFiles('the same, two threads', fileTimings.twoThreads);
  report('  processor time', processorTimes.twoThreads);
}
reportLarge('256 MiB: three hashes, a list of hashes alone', fileTimings.largeHashes);
reportLarge('256 MiB: three hashes and strings', fileTimings.large);
report('  processor time', processorTimes.large);
if (canStartThreads) {
  reportLarge('the same, a thread for each hash', fileTimings.largeThreads);
  report('  processor time', processorTimes.largeThreads);
}
report('md5sum, sha1sum, sha256sum, one after another', formatTiming(fileTimings.sums));
const sumsMs = fileTimings.sums.medianMs;
reportRatio('yms in one thread / the three sums', fileTimings.large.medianMs / sumsMs, 1.5);
if (canStartThreads)
  reportRatio('yms, a thread for each hash / the three sums', fileTimings.largeThreads.medianMs / sumsMs, 1.5);
rmSync(folder, { recursive: true });
