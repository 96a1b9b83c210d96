/**
 * A scan with all public Windows rules: start, matching alone, EVTX and JSON lines to findings on one core and on all, and memory.
 *
 *     npm run build && SIGMAHQ_DIR=… npx tsx bench/scan.ts
 *
 * BENCH_EVENTS says how many events (100,000). BENCH_AGAINST names a shell command of another scanner to time in the same
 * run: `{rules}` in it stands for the folder of rules, `{evtx}`, `{json}` (as evtx_dump writes it) and `{plain}` (JSON lines on
 * one level) for the logs. For example: rsigma engine eval -r {rules} -p sysmon --input-format json -e @{plain}
 */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packItems, sealRelease } from '../builder/release/build.js';
import { compilePack } from '../builder/compile/compile.js';
import { loadConfig } from '../builder/config/config.js';
import { openEvents } from '../events/read.js';
import { encodeKeyFile } from '../keys/keyfile.js';
import { newSealingKey } from '../keys/sealing.js';
import { newSigningKey, signerOf } from '../keys/signing.js';
import type { FlatEvent } from '../events/event.js';
import { Detectors } from '../scanner/scan/detector.js';
import type { BenchEvent } from './event-kinds.js';
import { benchEvents, evtxRecordOf, jsonLineOf, plainLineOf } from './events.js';
import { evtxChunks, evtxFileHeader } from './evtx-writer.js';
import { compare, formatTiming, report } from './measure.js';

const sigmaDir = process.env['SIGMAHQ_DIR'];
if (sigmaDir === undefined) throw new Error('SIGMAHQ_DIR: expected a checkout of the public Sigma rules, got nothing');
const against = process.env['BENCH_AGAINST'];
const eventCount = Number(process.env['BENCH_EVENTS'] ?? 100_000);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const start = fileURLToPath(new URL('scan-start.mjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'yms-bench-'));
const at = (name: string): string => join(folder, name);

// The rules of Windows out of all three folders, as `yms build` packs them.
const sources = ['rules/windows', 'rules-emerging-threats', 'rules-threat-hunting'];
execFileSync('sh', [
  '-c',
  `mkdir -p "$1/rules" && for s in ${sources.join(' ')}; do cp -r "$2/$s" "$1/rules/"; done`,
  '-',
  folder,
  sigmaDir,
]);
writeFileSync(at('yms.yaml'), `packs:\n  core:\n    feature: sigma\n    sources: [rules]\n`);
const [config] = (await loadConfig(at('yms.yaml'))).packs;
if (!config) throw new Error('yms.yaml: expected one pack, got none');
const compiled = await compilePack(folder, config);
const windows = {
  ...compiled,
  rules: compiled.rules.filter(({ item }) => JSON.stringify(item.value).includes('"product":"windows"')),
};
const [release, recipient] = [newSigningKey(), newSealingKey()];
const sealed = await sealRelease(windows, {
  release: { version: '2026.01.01.1', sequence: 1 },
  createdAt: new Date(0),
  signers: [signerOf(release)],
  recipients: [recipient.publicKey],
  tests: null,
});
writeFileSync(at('core.yms'), sealed.bytes);
const about = { passphrase: null, createdAt: new Date(0) };
writeFileSync(at('host.key'), await encodeKeyFile(recipient, { ...about, name: 'host' }), { mode: 0o600 });
writeFileSync(at('release.key'), await encodeKeyFile(release, { ...about, name: 'release' }), { mode: 0o600 });

writeEvtx(at('events.evtx'));
writeJsonLines(at('events.json'), jsonLineOf);
writeJsonLines(at('plain.json'), plainLineOf);
writeJsonLines(at('one.json'), jsonLineOf, 1);

report('rules', `${windows.rules.length}, a pack of ${sealed.bytes.length} bytes`);
report('events', `${eventCount}: EVTX ${megabytes('events.evtx')} MB, JSON lines ${megabytes('events.json')} MB`);

await reportMatching();
await reportStart();
await reportScans();
rmSync(folder, { recursive: true });

function megabytes(name: string): number {
  return Math.round(statSync(at(name)).size / 1e6);
}

async function reportMatching(): Promise<void> {
  const rules = packItems(windows)
    .filter(({ kind }) => kind === 'sigma')
    .map(({ line }, rule) => ({ rule, kind: 'sigma' as const, line, pack: null, isReported: true }));
  const detectors = new Detectors({ rules, triage: null, logSources: null, as: null, sinceMs: null });
  const events: FlatEvent[] = [];
  const reading = await openEvents(at('events.evtx'), { shapes: detectors.shapes });
  for await (const batch of reading?.batches() ?? []) if (events.length < 40_000) events.push(...batch);
  let hits = 0;
  const { all } = await compare({ all: () => (hits = detectors.match(events).hits.length) }, runs);
  const before = process.cpuUsage();
  detectors.match(events);
  const { user, system } = process.cpuUsage(before);
  const rate = (events.length / all.medianMs) * 1000;
  report('matching alone, one core', `${perSecond(rate, 60_000)}, ${(hits / events.length).toFixed(3)} hits an event`);
  report('  by processor time, which others do not slow', perSecond((events.length / (user + system)) * 1e6));
}

async function reportStart(): Promise<void> {
  const times: number[][] = [];
  for (let run = 0; run < runs; run++) {
    const { stdout } = await ended(process.execPath, [start, folder]);
    times.push(stdout.split(' ').map(Number));
  }
  const { whole } = await compare({ whole: () => yms('one.json', '1') }, runs);
  const [wall, processor] = [0, 1].map((column) => medianOf(times.map((row) => row[column] ?? NaN)));
  const said = `${wall?.toFixed(0) ?? ''} ms, ${processor?.toFixed(0) ?? ''} ms of a processor`;
  report('start: pack bytes to first event matched', `${said} (aim: at most 700)`);
  report('a scan of one event, the whole process', formatTiming(whole));
}

async function reportScans(): Promise<void> {
  const used = new Map<string, { peakMb: number; processorMs: number[] }>();
  const scan = (name: string, log: string, threads: string) => async () => {
    const { stderr, processorMs } = await yms(log, threads);
    const known = used.get(name) ?? { peakMb: 0, processorMs: [] };
    const peakMb = Math.round(Number(/peak (\d+)/.exec(stderr)?.[1] ?? 0) / 1024);
    used.set(name, { peakMb: Math.max(known.peakMb, peakMb), processorMs: [...known.processorMs, processorMs] });
  };
  const command = (against ?? 'true')
    .replaceAll('{rules}', at('rules'))
    .replaceAll('{evtx}', at('events.evtx'))
    .replaceAll('{json}', at('events.json'))
    .replaceAll('{plain}', at('plain.json'));
  const contenders = {
    'EVTX to findings, one thread': scan('EVTX to findings, one thread', 'events.evtx', '1'),
    'EVTX to findings, two threads': scan('EVTX to findings, two threads', 'events.evtx', '2'),
    'JSON lines to findings, one thread': scan('JSON lines to findings, one thread', 'events.json', '1'),
    'JSON lines to findings, two threads': scan('JSON lines to findings, two threads', 'events.json', '2'),
    'plain JSON lines to findings, one thread': scan('plain JSON lines to findings, one thread', 'plain.json', '1'),
    [command]: async () => {
      const { processorMs } = await ended('sh', ['-c', command]);
      used.set(command, { peakMb: 0, processorMs: [...(used.get(command)?.processorMs ?? []), processorMs] });
    },
  };
  const timings = await compare(contenders, runs);
  for (const [name, timing] of Object.entries(timings)) {
    if (name === command && against === undefined) continue;
    const { peakMb = 0, processorMs = [] } = used.get(name) ?? {};
    const perProcessor = (eventCount / medianOf(processorMs)) * 1000;
    const memory = peakMb > 0 ? `, peak ${peakMb} MB` : '';
    report(name, `${formatTiming(timing)}, ${perSecond((eventCount / timing.medianMs) * 1000)}${memory}`);
    report('  by processor time', perSecond(perProcessor, name.endsWith('one thread') ? 20_000 : undefined));
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function perSecond(rate: number, aim?: number): string {
  const said = `${Math.round(rate).toLocaleString('en-US')} events/s`;
  return aim === undefined
    ? said
    : `${said} (aim: at least ${aim.toLocaleString('en-US')})${rate < aim ? '  MISSED' : ''}`;
}

/** Runs the compiled `yms scan` on a log; it tells its peak of memory on stderr. */
function yms(log: string, threads: string): Promise<Ended> {
  const tellPeak = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`;
  return ended(process.execPath, [
    ...['--import', `data:text/javascript,${encodeURIComponent(tellPeak)}`, cli, 'scan', '--json'],
    ...['--rules', at('core.yms'), '--key', at('host.key'), '--signed-by', at('release.key')],
    ...['--min-level', 'informational', '--threads', threads, at(log)],
  ]);
}

interface Ended {
  /** The last kilobyte of each. */
  readonly stdout: string;
  readonly stderr: string;
  /** Of all processors and threads together: what other work on this machine changes least. */
  readonly processorMs: number;
}

function ended(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const timed = ['-c', '"$@"; code=$?; times >&2; exit $code', '-', command, ...args];
    const child = spawn('sh', timed, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout = (stdout + data.toString('latin1')).slice(-1000)));
    child.stderr.on('data', (data: Buffer) => (stderr = (stderr + data.toString('latin1')).slice(-1000)));
    child.on('close', (code) => {
      const children = stderr.trim().split('\n').at(-1) ?? '';
      const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60_000 + Number(s) * 1000);
      const processorMs = times.reduce((sum, ms) => sum + ms, 0);
      if (code === 0 || code === 3) resolve({ stdout, stderr, processorMs });
      else reject(new Error(`${command}: expected exit 0 or 3, got ${code ?? 'a signal'}\n${stderr}`));
    });
  });
}

function writeEvtx(path: string): void {
  const records = (function* () {
    for (const event of benchEvents(eventCount)) yield evtxRecordOf(event);
  })();
  const file = openSync(path, 'w');
  let chunks = 0;
  writeSync(file, evtxFileHeader(chunks));
  for (const chunk of evtxChunks(records)) {
    writeSync(file, chunk);
    chunks++;
  }
  writeSync(file, evtxFileHeader(chunks), 0, null, 0);
  closeSync(file);
}

function writeJsonLines(path: string, lineOf: (event: BenchEvent) => string, count = eventCount): void {
  const file = openSync(path, 'w');
  for (const event of benchEvents(count)) writeSync(file, lineOf(event));
  closeSync(file);
}
