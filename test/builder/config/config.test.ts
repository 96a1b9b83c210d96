import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../builder/config/config.js';
import { recordedPath } from '../../../builder/config/pack-config.js';
import { expectCode } from '../../support/expect-code.js';
import { expectBuilderError } from '../support.js';

const faultsOf = (yaml: string) =>
  parseConfig(yaml, 'yms.yaml', '/w').faults.map(({ code, place }) => `${place.line}:${place.column} ${code}`);

const minimal = `packs:
  core:
    feature: sigma
    sources: [rules]
`;

describe('yms.yaml', () => {
  test('a minimal file gets the defaults of a pack', () => {
    const { config, faults } = parseConfig(minimal, 'yms.yaml', '/w');
    expect(faults).toEqual([]);
    expect(config).toEqual({
      folder: '/w',
      server: null,
      packs: [
        {
          label: 'core',
          pack: 'core',
          feature: 'sigma',
          channel: 'stable',
          sources: [{ path: 'rules', license: null, origin: null }],
          include: [],
          exclude: [],
          filters: { minLevel: null, statuses: null, tags: null, ruleTypes: null },
          expand: {},
          faulty: 'refuse',
          tests: { root: null, failing: 'refuse' },
          minimumClient: '0.1.0',
          feeds: [],
        },
      ],
    });
  });

  test('every key is read', () => {
    const { config, faults } = parseConfig(
      `server: https://rules.example.org/
packs:
  core-beta:
    pack: core
    feature: sigma
    channel: beta
    profile: core+
    license: DRL-1.1
    origin: https://example.org/rules
    sources:
      - ../sigma/rules
      - path: own
        license: Proprietary
    include: ['**/windows/**']
    exclude: ['**/old/**']
    filters: { minLevel: high, tags: [attack.execution] }
    expand: { admins: [root, 0] }
    faulty: leave-out
    tests: { root: ../sigma, failing: leave-out }
    minimumClient: 1.2.3
    feeds:
      - hosts
      - { name: hosts-strict, minScore: 75 }
`,
      'yms.yaml',
      '/w',
    );
    expect(faults).toEqual([]);
    expect(config?.server).toBe('https://rules.example.org');
    expect(config?.packs[0]).toMatchObject({
      pack: 'core',
      channel: 'beta',
      sources: [
        { path: '../sigma/rules', license: 'DRL-1.1', origin: 'https://example.org/rules' },
        { path: 'own', license: 'Proprietary', origin: 'https://example.org/rules' },
      ],
      filters: { minLevel: 'high', statuses: ['stable', 'test'], tags: ['attack.execution'], ruleTypes: ['generic'] },
      faulty: 'leave-out',
      expand: { admins: ['root', '0'] },
      tests: { root: '../sigma', failing: 'leave-out' },
      minimumClient: '1.2.3',
      feeds: [
        { name: 'hosts', minScore: 40 },
        { name: 'hosts-strict', minScore: 75 },
      ],
    });
  });

  test('all faults come at once, each with line and column', () => {
    const yaml = `sever: http://x.example
packs:
  core:
    feature: Sigma
    channel: 7
    sources: []
    filters:
      minLevel: hgih
      statutes: [test]
  Bad Name:
    feature: sigma
    sources: [/absolute]
  nothing: {}
`;
    expect(faultsOf(yaml).sort()).toEqual(
      [
        '1:1 unknown-key',
        '4:14 wrong-value',
        '5:14 wrong-type',
        '6:14 wrong-value',
        '8:17 wrong-value',
        '9:7 unknown-key',
        '10:3 wrong-value',
        '12:15 wrong-value',
        '13:12 missing-key',
        '13:12 missing-key',
      ].sort(),
    );
  });

  test('a message says subject, expectation and what came', () => {
    const { faults } = parseConfig(minimal.replace('sigma', '[a]'), 'yms.yaml', '/w');
    expect(faults.map(({ message }) => message)).toEqual(['packs.core.feature: expected string, got a list']);
  });

  test.each([
    ['of no known format', 'bind', '5:13 wrong-value'],
    ['of no name', 'hosts-', '5:13 wrong-value'],
    ['of another format that begins alike', 'hostsfile', '5:13 wrong-value'],
    ['without a name', '{ minScore: 3 }', '5:13 missing-key'],
    ['with an unknown key', '{ name: rpz, zone: x }', '5:26 unknown-key'],
    ['with half a score', '{ name: rpz, minScore: 0.5 }', '5:36 wrong-type'],
    ['that comes twice', 'rpz, hosts, rpz', '5:25 feed-repeated'],
  ])('a feed %s', (_, feeds, expected) => {
    expect(faultsOf(`${minimal}    feeds: [${feeds}]\n`)).toEqual([expected]);
  });

  test.each([
    ['a broken line', 'packs: [', '1:9 yaml-syntax'],
    ['a key twice', 'server: http://a.example\nserver: http://b.example\n', '2:1 yaml-syntax'],
    ['nothing at all', '', '1:1 missing-key'],
    ['no pack', 'packs: {}\n', '1:8 wrong-value'],
    ['a reserved feature', minimal.replace('sigma', 'targets'), '3:14 wrong-value'],
    ['a server that is no web address', `server: ftp://x.example\n${minimal}`, '1:9 wrong-value'],
  ])('refused: %s', (_, yaml, expected) => {
    expect(faultsOf(yaml)).toContain(expected);
  });

  test('two packs cannot have one target, nor one pack a source twice', () => {
    const yaml = `packs:
  a: { feature: sigma, sources: [rules, ./rules], pack: core }
  core: { feature: sigma, sources: [rules] }
`;
    expect(faultsOf(yaml)).toEqual(['2:41 source-repeated', '3:3 target-repeated']);
  });

  test('an alias bomb is refused', () => {
    const levels = 'abcdefgh'.split('');
    const bomb = levels.map(
      (name, i) =>
        `${name}: &${name} [${Array(9)
          .fill(i === 0 ? 'x' : `*${levels[i - 1]}`)
          .join(',')}]`,
    );
    expect(faultsOf(bomb.join('\n'))).toEqual(['1:1 yaml-aliases']);
  });

  test('the recorded path of a source leaves the way up out', () => {
    expect(recordedPath('../../sigma/rules/')).toBe('sigma/rules');
    expect(recordedPath('./a//b')).toBe('a/b');
  });
});

describe('loadConfig', () => {
  test('sources must be there, and the error carries every fault', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yms-config-'));
    await mkdir(join(folder, 'here'));
    await writeFile(
      join(folder, 'yms.yaml'),
      'packs:\n  a: { feature: sigma, sources: [here, gone] }\n  b: { feature: sigma, sources: [lost.txt], old: 1 }\n',
    );
    const first = await expectBuilderError('config-invalid', () => loadConfig(join(folder, 'yms.yaml')));
    expect(first.faults.map(({ place, code }) => `${place.line}:${place.column} ${code}`)).toEqual([
      '2:40 source-missing',
      '3:34 source-missing',
      '3:45 unknown-key',
    ]);
    await writeFile(
      join(folder, 'yms.yaml'),
      'packs:\n  a: { feature: sigma, sources: [here, gone] }\n  b: { feature: sigma, sources: [lost.txt] }\n',
    );
    const second = await expectBuilderError('config-invalid', () => loadConfig(join(folder, 'yms.yaml')));
    expect(second.faults.map(({ place }) => `${place.line}:${place.column}`)).toEqual(['2:40', '3:34']);
    expect(second.place).toMatchObject({ line: 2, column: 40 });
  });

  test('no file is a missing workspace', async () => {
    await expectCode('workspace-missing', () => loadConfig(join(tmpdir(), 'nowhere', 'yms.yaml')));
  });
});
