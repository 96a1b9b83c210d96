import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeEvtx } from '../../../bench/evtx-writer.js';
import { text } from '../../../bench/evtx-values.js';
import { compileRelease } from '../../../builder/release/build.js';
import { compilePack } from '../../../builder/compile/compile.js';
import { loadConfig } from '../../../builder/config/config.js';
import { runSamples, testSamples } from '../../../builder/compile/samples.js';
import { processRecord } from '../../support/evtx-records.js';
import { ruleId, sigmaRule, writeFiles } from '../rules.js';
import { expectBuilderError } from '../support.js';

const processRule = (name: string, more = '') => `title: ${name}
id: ${ruleId(name)}
${more}logsource:
  product: windows
  category: process_creation
detection:
  selection:
    CommandLine|contains: '${name}'
  condition: selection
`;

describe('samples', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-samples-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function run(files: Readonly<Record<string, string>>, more = '') {
    await writeFiles(folder, {
      ...files,
      'yms.yaml': `packs:\n  p:\n    feature: sigma\n    sources: [rules]\n${more}`,
    });
    const config = await loadConfig(join(folder, 'yms.yaml'));
    const [pack] = config.packs;
    if (!pack) return expect.fail('expected a pack, got none');
    const results = await runSamples(folder, await compilePack(folder, pack));
    const verdicts = results.map(
      ({ title, verdict, reason }) => `${title}: ${verdict}${reason === null ? '' : `: ${reason}`}`,
    );
    return { config, pack, results, verdicts };
  }

  test('positive samples must match and negative ones must not', async () => {
    const { results, verdicts } = await run({
      'rules/good.yml': sigmaRule('good'),
      'rules/good.samples.yaml':
        "positive: [{ message: 'a GOOD one' }]\nnegative: [{ message: other }, { name: good }]\n",
      'rules/dull.yml': sigmaRule('dull'),
      'rules/dull.samples.yaml': 'positive: [{ message: dull }, { message: sharp }]\n',
      'rules/wide.yml': sigmaRule('wide'),
      'rules/wide.samples.yaml': 'negative: [{ message: wide }]\n',
      'rules/bare.yml': sigmaRule('bare'),
    });
    expect(verdicts).toEqual([
      'bare: untested: no samples',
      'dull: failed: positive sample 2: expected a match, got none',
      'good: passed',
      'wide: failed: negative sample 1: expected no match, got one',
    ]);
    expect(results.map(({ samples }) => samples)).toEqual([0, 2, 3, 1]);
  });

  test('an event with a channel goes through the log sources, as in a scan', async () => {
    const { verdicts } = await run({
      'rules/a.yml': processRule('tool.exe'),
      'rules/a.samples.yaml': `positive:
  - { Channel: Security, EventID: 4688, CommandLine: tool.exe }
  - { Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, CommandLine: tool.exe }
negative:
  - { Channel: Microsoft-Windows-Sysmon/Operational, EventID: 3, CommandLine: tool.exe }
  - { Channel: System, EventID: 1, CommandLine: tool.exe }
`,
    });
    expect(verdicts).toEqual(['tool.exe: passed']);
  });

  test('a correlation sees the events of a sample together; filters of the pack act', async () => {
    const correlation = `---
title: many
id: ${ruleId('many')}
correlation:
  type: event_count
  rules: [base]
  group-by: [User]
  timespan: 1m
  condition: { gte: 2 }
`;
    const filter = `title: narrow
id: ${ruleId('narrow')}
logsource: { product: windows }
filter:
  rules: any
  selection: { User: admin }
  condition: not selection
`;
    const event = (user: string, second: number) =>
      `{ CommandLine: login.exe, User: ${user}, UtcTime: '2026-01-01 00:00:0${second}' }`;
    const { verdicts } = await run({
      'rules/a.yml': processRule('login.exe', 'name: base\n') + correlation,
      'rules/a.samples.yaml': `rules:
  base:
    positive: [${event('bob', 1)}]
    negative: [${event('admin', 1)}]
  ${ruleId('many')}:
    positive: [[${event('bob', 1)}, ${event('bob', 2)}]]
    negative: [[${event('bob', 1)}, ${event('eve', 2)}], [${event('admin', 1)}, ${event('admin', 2)}]]
`,
      'rules/f.yml': filter,
    });
    expect(verdicts).toEqual(['login.exe: passed', 'many: passed']);
  });

  test('samples that do not say which rule of a file they are for fail all of them', async () => {
    const { verdicts } = await run({
      'rules/a.yml': `${sigmaRule('one')}---\n${sigmaRule('two')}`,
      'rules/a.samples.yaml': 'positive: [{ message: one two }]\n',
    });
    expect(verdicts).toEqual([expect.stringContaining('one: failed'), expect.stringContaining('two: failed')]);
  });

  test.each([
    ['syntax', 'positive: [', /^a: failed: rules\/a\.samples\.yaml:1:\d+: yaml/],
    ['an unknown key', 'positive: [{ a: 1 }]\nmaybe: []\n', /rules\/a\.samples\.yaml:2:1: samples: .*"maybe"/],
    ['nothing', '# nothing\n', /expected positive or negative, got neither/],
    ['no events', 'positive: [text]\n', /rules\/a\.samples\.yaml:1:12: positive\.0/],
  ])('a broken sample file fails its rule and says where: %s', async (_, samples, expected) => {
    const { verdicts } = await run({ 'rules/a.yml': sigmaRule('a'), 'rules/a.samples.yaml': samples });
    expect(verdicts).toEqual([expect.stringMatching(expected)]);
  });

  describe('recorded logs, in the layout of SigmaHQ', () => {
    const infoPath = 'regression_data/rules/a/info.yml';
    const info = (more: string, path = 'regression_data/rules/a/a.evtx') =>
      `id: x\nrule_metadata: []\nregression_tests_info:\n  - name: Positive\n    type: evtx\n    path: ${path}\n${more}`;

    async function recorded(infoText: string | null, path = infoPath, more = '', count = 2) {
      await writeFiles(folder, {
        ...(infoText !== null && { [infoPath]: infoText }),
        'regression_data/rules/a/note.raw': 'text',
      });
      const records = Array.from({ length: count }, (_, id) => processRecord(id, [['CommandLine', text('tool.exe')]]));
      await writeFile(join(folder, 'regression_data/rules/a/a.evtx'), encodeEvtx([processRecord(9), ...records]));
      const rule = processRule('tool.exe', `regression_tests_path: ${path}\n`);
      return (await run({ 'rules/a.yml': rule }, more)).verdicts;
    }

    test('the count that is said, or at least one', async () => {
      expect(await recorded(info('    match_count: 2\n'))).toEqual(['tool.exe: passed']);
      expect(await recorded(info(''))).toEqual(['tool.exe: passed']);
    });

    test('fewer matches fail; more pass with a remark', async () => {
      expect(await recorded(info('    match_count: 3\n'))).toEqual([
        'tool.exe: failed: a.evtx: expected a match count of 3, got 2',
      ]);
      expect(await recorded(info(''), infoPath, '', 0)).toEqual([
        'tool.exe: failed: a.evtx: expected a match count of at least 1, got 0',
      ]);
      expect(await recorded(info('    match_count: 1\n'))).toEqual([
        'tool.exe: passed: a.evtx: expected a match count of 1, got 2',
      ]);
    });

    test('what is not there is untested, not failed', async () => {
      expect(await recorded(null)).toEqual([`tool.exe: untested: ${infoPath} is not there`]);
      expect(await recorded('id: x\nregression_tests_info:\n')).toEqual(['tool.exe: untested: no samples']);
      expect(await recorded(info('', 'regression_data/b.evtx'))).toEqual([expect.stringContaining('untested: b.evtx')]);
      expect(await recorded(info('', 'regression_data/rules/a/note.raw'))).toEqual([
        'tool.exe: untested: note.raw is not there, or no event log',
      ]);
    });

    test('tests.root says where the paths begin', async () => {
      await writeFiles(folder, { 'elsewhere/note.txt': '' });
      const verdicts = await recorded(info(''), infoPath, '    tests: { root: elsewhere }\n');
      expect(verdicts).toEqual([`tool.exe: untested: ${infoPath} is not there`]);
    });

    test.each([
      ['../a/info.yml', info('')],
      ['/etc/passwd', info('')],
      [infoPath, info('', '../../../etc/passwd')],
      [infoPath, info('', '/etc/passwd')],
    ])('no path leads out of the folder: %s', async (path, infoText) => {
      expect(await recorded(infoText, path)).toEqual([
        expect.stringMatching(/failed: sample path: expected one below /),
      ]);
    });

    test('a broken info.yml fails the rule', async () => {
      expect(await recorded('regression_tests_info: 7\n')).toEqual([expect.stringContaining('failed')]);
    });
  });

  test('the gate of a build refuses, or leaves out and says so in the pack', async () => {
    const files = {
      'rules/good.yml': sigmaRule('good'),
      'rules/good.samples.yaml': 'positive: [{ message: good }]\n',
      'rules/bad.yml': sigmaRule('bad'),
      'rules/bad.samples.yaml': 'positive: [{ message: fine }]\n',
    };
    const strict = await run(files);
    await expectBuilderError('samples-failed', () => compileRelease(strict.config, strict.pack, testSamples));
    const lenient = await run(files, '    tests: { failing: leave-out }\n');
    const { compiled, tests } = await compileRelease(lenient.config, lenient.pack, testSamples);
    const reason = 'positive sample 1: expected a match, got none';
    expect(compiled.rules.map(({ item }) => item.id)).toEqual([ruleId('good')]);
    expect(compiled.leftOut).toContainEqual({ file: 'rules/bad.yml', id: ruleId('bad'), reason: `samples: ${reason}` });
    expect(tests).toEqual({
      passed: 1,
      untested: 0,
      failed: [{ id: ruleId('bad'), file: 'rules/bad.yml', reason }],
    });
  });

  test('all rules that we publish pass', async () => {
    const config = await loadConfig(fileURLToPath(new URL('../../../content/yms.yaml', import.meta.url)));
    for (const pack of config.packs) {
      const results = await runSamples(config.folder, await compilePack(config.folder, pack));
      expect(results.filter(({ verdict }) => verdict !== 'passed')).toEqual([]);
      if (pack.label === 'sigma') expect(results.length).toBeGreaterThanOrEqual(10);
    }
  });
});
