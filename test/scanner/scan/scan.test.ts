import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../base/json.js';
import { text } from '../../../bench/evtx-values.js';
import { encodeEvtx } from '../../../bench/evtx-writer.js';
import { parseLogSources } from '../../../rules/sigma/logsource.js';
import { compileSigmaFile } from '../../../rules/sigma/rule.js';
import type { Finding } from '../../../scanner/findings/finding.js';
import type { MergedRule, Source } from '../../../scanner/merge/merged-rule.js';
import { Correlations } from '../../../scanner/scan/correlations.js';
import { scan, type ScanRequest } from '../../../scanner/scan/scan.js';
import { selectRules } from '../../../scanner/scan/selection.js';
import { ruleId, writeFiles } from '../../builder/rules.js';
import { processRecord } from '../../support/evtx-records.js';

const pack: Source = { origin: 'pack', pack: 'sigma/core/stable', version: '2026.01.01.1', file: null };

const commandLine = (name: string, more = 'level: high\n') => `title: ${name}
id: ${ruleId(name)}
${more}logsource: { product: windows, category: process_creation }
detection:
  selection: { CommandLine|contains: '${name}' }
  condition: selection
`;

const correlation = (name: string, rules: string, more = 'level: high\n') => `title: ${name}
id: ${ruleId(name)}
${more}correlation:
  type: event_count
  rules: [${rules}]
  group-by: [User]
  timespan: 1m
  condition: { gte: 3 }
`;

function merged(...texts: string[]): MergedRule[] {
  return texts.flatMap((yaml) => {
    const { rules, faults } = compileSigmaFile(yaml, 'test.yml');
    expect(faults).toEqual([]);
    return rules.map(({ id, rule }) => ({ kind: 'sigma' as const, id, line: canonicalJson(rule), rule, source: pack }));
  });
}

const event = (fields: Record<string, unknown>) =>
  `${JSON.stringify({ Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, ...fields })}\n`;

describe('scan', () => {
  let folder: string;
  let findings: Finding[];
  let onFinding: () => void;
  beforeEach(async () => {
    onFinding = () => undefined;
    folder = await mkdtemp(join(tmpdir(), 'yms-scan-'));
    findings = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(rules: readonly MergedRule[], more: Partial<ScanRequest> = {}) {
    const request: ScanRequest = {
      rules,
      flags: [],
      paths: [folder],
      minLevel: null,
      kinds: null,
      hostRoot: null,
      now: new Date('2026-01-03T00:00:00Z'),
      since: null,
      logSources: null,
      threads: 1,
      signal: new AbortController().signal,
      ...more,
    };
    const finding = (found: Finding): void => {
      findings.push(found);
      onFinding();
    };
    return scan(request, { finding, progress: () => undefined });
  }

  test('files come in the order of the paths and names, each once', async () => {
    await writeFiles(folder, {
      'b/2.json': event({ CommandLine: 'tool', EventRecordID: 2 }),
      'b/1.json': event({ CommandLine: 'tool', EventRecordID: 1 }),
      'a.json': event({ CommandLine: 'tool', EventRecordID: 3 }),
    });
    await symlink(join(folder, 'a.json'), join(folder, 'b/9-link.json'));
    await symlink(folder, join(folder, 'b/loop'));
    const paths = [join(folder, 'b'), folder, join(folder, 'a.json')];
    const summary = await run(merged(commandLine('tool')), { paths });
    expect(findings.map(({ recordId }) => recordId)).toEqual([1, 2, 3]);
    expect(summary).toMatchObject({ findings: 3, files: 3, events: 3, failures: [] });
  });

  test('what is no log in a folder is passed over; a path that is none is a failure', async () => {
    await writeFiles(folder, {
      'x.txt': '\x89PNG\0\x01\x02\x03',
      empty: '',
      'bad.evtx': 'ElfFile\0 but nothing after',
    });
    const paths = [folder, join(folder, 'x.txt'), join(folder, 'gone')];
    const summary = await run([], { paths: [...paths.slice(1), folder] });
    expect(summary.passedOver).toBe(1);
    expect(summary.failures.map(({ path, code }) => [path.slice(folder.length + 1), code])).toEqual([
      ['gone', 'file-missing'],
      ['x.txt', 'log-unknown'],
      ['bad.evtx', 'evtx-header'],
    ]);
  });

  test('broken records are counted and named, the others are matched', async () => {
    const good = encodeEvtx([processRecord(1, [['CommandLine', text('tool')]])]);
    await mkdir(join(folder, 'x'));
    await writeFile(join(folder, 'x/log.evtx'), Buffer.concat([good, Buffer.alloc(65_536, 7)]));
    const summary = await run(merged(commandLine('tool')));
    expect(summary).toMatchObject({
      findings: 1,
      skipped: [{ file: join(folder, 'x/log.evtx'), counts: { 'chunk-magic': 1 }, named: [{ offset: 69_632 }] }],
    });
  });

  test('levels: rules without one are medium; a finding has its rule and source', async () => {
    await writeFiles(folder, { 'a.json': event({ CommandLine: 'one two three', User: 'bob' }) });
    const rules = merged(
      commandLine('one', 'level: critical\n'),
      commandLine('two', ''),
      commandLine('three', 'level: low\n'),
    );
    expect(await run(rules)).toMatchObject({ findings: 1, rules: 1 });
    expect(await run(rules, { minLevel: 'medium' })).toMatchObject({ byLevel: { critical: 1, medium: 1 }, rules: 2 });
    expect(await run(rules, { minLevel: 'informational' })).toMatchObject({ findings: 3, rules: 3 });
    expect(findings[0]).toMatchObject({
      ruleId: ruleId('one'),
      level: 'critical',
      author: null,
      tags: [],
      source: { pack: 'sigma/core/stable', version: '2026.01.01.1', file: null },
      time: null,
    });
  });

  test('since: older events are read and not matched, such without a time are', async () => {
    await writeFiles(folder, {
      'a.json':
        event({ CommandLine: 'tool', EventRecordID: 1, '@timestamp': '2026-01-01T00:00:00Z' }) +
        event({ CommandLine: 'tool', EventRecordID: 2, '@timestamp': '2026-01-02T00:00:00Z' }) +
        event({ CommandLine: 'tool', EventRecordID: 3 }),
    });
    const summary = await run(merged(commandLine('tool')), { since: new Date('2026-01-02T00:00:00Z') });
    expect(findings.map(({ recordId, time }) => [recordId, time])).toEqual([
      [2, '2026-01-02T00:00:00.000Z'],
      [3, null],
    ]);
    expect(summary.events).toBe(3);
  });

  test('a time that no calendar has is none', async () => {
    await writeFiles(folder, { 'a.json': event({ CommandLine: 'tool', time: 1e300 }) });
    await run(merged(commandLine('tool')));
    expect(findings.map(({ time }) => time)).toEqual([null]);
  });

  test('filters narrow the rules of their own pack, whatever their level', async () => {
    const filter = `title: not for bob
id: ${ruleId('filter')}
logsource: { product: windows }
filter:
  rules: any
  selection: { User: bob }
  condition: not selection
`;
    await writeFiles(folder, {
      'a.json': event({ CommandLine: 'tool', User: 'bob' }) + event({ CommandLine: 'tool', User: 'eve' }),
    });
    const [first, second] = merged(commandLine('tool'), filter);
    if (!first || !second) return expect.fail('expected two rules');
    await run([first, second]);
    expect(findings.map(({ matched }) => matched['CommandLine'])).toEqual(['tool']);
    findings = [];
    await run([first, { ...second, source: { ...pack, pack: 'sigma/other/stable' } }]);
    expect(findings).toHaveLength(2);
  });

  test('another table of log sources takes the place of the built-in one', async () => {
    await writeFiles(folder, { 'a.json': `${JSON.stringify({ Channel: 'Mine', CommandLine: 'tool' })}\n` });
    expect(await run(merged(commandLine('tool')))).toMatchObject({ findings: 0 });
    const table = "logsources:\n  mine:\n    category: process_creation\n    sources: ['WinEventLog:Mine']\n";
    expect(await run(merged(commandLine('tool')), { logSources: parseLogSources(table, 't.yml') })).toMatchObject({
      findings: 1,
    });
  });

  test('flags of the endpoint are part of the report', async () => {
    const flags = [{ code: 'stale' as const, subject: 'endpoint', message: 'no update was accepted in time' }];
    expect(await run([], { flags })).toMatchObject({ flags, findings: 0 });
  });

  test('an interrupted scan says what it has', async () => {
    await writeFiles(folder, { '1.json': event({ CommandLine: 'tool' }), '2.json': event({ CommandLine: 'tool' }) });
    const controller = new AbortController();
    onFinding = () => controller.abort();
    const summary = await run(merged(commandLine('tool')), { signal: controller.signal });
    expect(summary).toMatchObject({ isInterrupted: true, findings: 1, files: 1, events: 1 });
  });

  describe('correlations', () => {
    const at = (second: number, user = 'bob') =>
      event({ CommandLine: 'login', User: user, '@timestamp': `2026-01-01T00:00:${String(second).padStart(2, '0')}Z` });

    test('see the events of all logs in order of time; the rules that they count are silent', async () => {
      await writeFiles(folder, {
        'a.json': at(30) + at(10, 'eve') + at(20),
        'b.json': at(5) + event({ CommandLine: 'login', User: 'bob' }),
        'c.json': at(59, 'eve'),
      });
      const summary = await run(merged(commandLine('login'), correlation('many', ruleId('login'))));
      expect(findings).toEqual([
        expect.objectContaining({
          title: 'many',
          file: null,
          time: '2026-01-01T00:00:30.000Z',
          matched: { User: 'bob' },
          events: { count: 3, firstTime: '2026-01-01T00:00:05.000Z', lastTime: '2026-01-01T00:00:30.000Z' },
        }),
      ]);
      expect(summary).toMatchObject({ findings: 1, rules: 1, correlations: { late: 0, forgotten: 0, unresolved: [] } });
    });

    test('need the rules that they count whatever the level of these, which generate does not change', async () => {
      await writeFiles(folder, { 'a.json': at(1) + at(2) + at(3) });
      const rules = merged(
        commandLine('login', 'level: low\n'),
        correlation('many', ruleId('login'), 'level: high\ngenerate: true\n'),
      );
      await run(rules);
      expect(findings.map(({ title }) => title)).toEqual(['many']);
      findings = [];
      await run(rules, { minLevel: 'low' });
      expect(findings.map(({ title }) => title)).toEqual(['login', 'login', 'login', 'many']);
    });

    test('below the level they report nothing, and what they count stays silent', async () => {
      await writeFiles(folder, { 'a.json': at(1) + at(2) + at(3) });
      const rules = merged(commandLine('login'), correlation('many', ruleId('login'), 'level: low\n'));
      expect(await run(rules)).toMatchObject({ findings: 0, rules: 0 });
    });

    test('one that refers to nothing is named', async () => {
      const summary = await run(merged(correlation('many', 'nothing')));
      expect(summary.correlations.unresolved).toEqual([{ ruleId: ruleId('many'), reference: 'nothing' }]);
    });

    test('beyond the signals that may wait, older ones are taken first and late ones counted', () => {
      const rules = merged(commandLine('login'), correlation('many', ruleId('login')));
      const lines = selectRules(rules, 'high');
      const rule = lines.findIndex(({ line }) => line.includes('"login"'));
      const correlations = new Correlations(rules, lines, 4);
      const signal = (second: number) => ({ rule, timeMs: second * 1000, fields: { User: 'bob' } });
      const found = [
        ...correlations.add([signal(3), signal(1), signal(2), signal(40), signal(50)]),
        ...correlations.add([signal(0)]),
        ...correlations.finish(),
      ];
      expect(found.map(({ events }) => events?.count)).toEqual([5]);
      expect(correlations.late).toBe(1);
    });
  });
});
