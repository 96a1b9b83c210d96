import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attributionsOf } from '../../../builder/compile/attribution.js';
import { compileRelease, packItems, sealRelease } from '../../../builder/release/build.js';
import type { SampleResults } from '../../../builder/compile/samples.js';
import { compilePack, isBlocking, isLintError } from '../../../builder/compile/compile.js';
import { loadConfig } from '../../../builder/config/config.js';
import { newSealingKey } from '../../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../../keys/signing.js';
import { openArchive, readPack, verifyPack } from '../../../packs/pack.js';
import { ruleId, sigmaRule, writeFiles } from '../rules.js';
import { at, expectBuilderError } from '../support.js';

const pools = `title: Pools
pools:
  - pool: Example Pool
    suffix: pool.example
    source: https://rules.example.org/pools
`;

describe('compile', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-compile-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function load(files: Readonly<Record<string, string>>, pack: string, where = folder) {
    await writeFiles(where, { ...files, 'yms.yaml': `packs:\n  p:\n    feature: sigma\n${pack}` });
    const config = await loadConfig(join(where, 'yms.yaml'));
    return { config, pack: at(config.packs, 0) };
  }
  const compile = async (files: Readonly<Record<string, string>>, pack: string) =>
    compilePack(folder, (await load(files, pack)).pack);

  test('a rule is in or left out with its reason: path, level, status, tag', async () => {
    const { rules, leftOut, filesRead } = await compile(
      {
        'rules/in.yml': sigmaRule('in', 'level: critical\nstatus: stable\ntags: [attack.execution]\n'),
        'rules/low.yml': sigmaRule('low', 'level: low\nstatus: stable\ntags: [attack.execution]\n'),
        'rules/plain.yml': sigmaRule('plain', 'status: stable\ntags: [attack.execution]\n'),
        'rules/new.yml': sigmaRule('new', 'level: high\nstatus: experimental\ntags: [attack.execution]\n'),
        'rules/untagged.yml': sigmaRule('untagged', 'level: high\nstatus: stable\n'),
        'rules/old/gone.yml': sigmaRule('gone'),
        'rules/notes.md': 'text',
        'rules/list.txt': 'a list without a tag in its name\n',
      },
      `    sources: [rules]
    exclude: ['**/old/**']
    filters: { minLevel: high, statuses: [stable, test], tags: [attack.execution] }
`,
    );
    expect(rules.map(({ item, file }) => [item.id, file])).toEqual([[ruleId('in'), 'rules/in.yml']]);
    expect(filesRead).toBe(6);
    expect(leftOut.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      expect.stringMatching(/^rules\/list\.txt: .*\(tag-missing\)$/),
      'rules/low.yml: level low',
      'rules/new.yml: status experimental',
      'rules/notes.md: no rule file by its name',
      'rules/old/gone.yml: excluded by **/old/**',
      'rules/plain.yml: level missing',
      'rules/untagged.yml: none of the tags',
    ]);
  });

  test('include takes by pattern; one without a slash looks at the name', async () => {
    const files = { 'a/x.yml': sigmaRule('x'), 'a/b/y.yml': sigmaRule('y'), 'a/b/z.yml': sigmaRule('z') };
    const { rules } = await compile(files, "    sources: [a]\n    include: ['y.*', 'a/x.yml']\n");
    expect(rules.map(({ file }) => file)).toEqual(['a/b/y.yml', 'a/x.yml']);
  });

  test('a single file is a source; indicators and pools have no level and pass the filters', async () => {
    const { rules, sources, faults } = await compile(
      { 'lists/own-c2-iocs.txt': 'bad-host.net\nworse-host.net;80\n', 'pools/monero.yml': pools },
      '    sources: [lists/own-c2-iocs.txt, pools]\n    filters: { minLevel: critical }\n',
    );
    expect(faults).toEqual([]);
    expect(rules.map(({ item }) => item.kind)).toEqual(['ioc', 'ioc', 'pool']);
    expect(sources).toEqual([
      { path: 'lists/own-c2-iocs.txt', files: 1, rules: 2 },
      { path: 'pools', files: 1, rules: 1 },
    ]);
  });

  test('an indicator in two lists counts once, with a note; a Sigma id in two sources is refused', async () => {
    const twice = { 'a/a-c2.txt': 'bad-host.net\n', 'b/b-c2.txt': 'bad-host.net\nother-host.net\n' };
    const { rules, faults } = await compile(twice, '    sources: [a, b]\n');
    expect(rules.map(({ item }) => item.id)).toEqual(['domain:bad-host.net', 'domain:other-host.net']);
    expect(faults.map(({ code, severity }) => [code, severity])).toEqual([['id-taken', 'warning']]);
    const sigma = { 'c/one.yml': sigmaRule('one'), 'd/two.yml': sigmaRule('one') };
    const { config, pack } = await load(sigma, '    sources: [c, d]\n    faulty: leave-out\n');
    const error = await expectBuilderError('duplicate-id', () => compileRelease(config, pack));
    expect(error.message).toContain('c/one.yml and d/two.yml');
    expect(error.place?.file).toBe('d/two.yml');
  });

  const refused = 'bad-host.net\ngoogle.com\n10.0.0.1\n8.8.8.8;60\n*.blogspot.com\ndocs.example\n';

  test('an indicator that the lint refuses is left out with its reason; the rest of its list is in', async () => {
    const { rules, leftOut, faults } = await compile({ 'lists/x-c2.txt': refused }, '    sources: [lists]\n');
    expect(rules.map(({ item }) => item.id)).toEqual(['domain:bad-host.net', 'domain:docs.example']);
    expect(leftOut.map(({ file, id, reason }) => `${file} ${id ?? ''}: ${reason}`)).toEqual([
      expect.stringMatching(/^lists\/x-c2\.txt domain:blogspot\.com: .*\(domain-shared\)$/),
      expect.stringMatching(/^lists\/x-c2\.txt domain:google\.com: .*\(site-top\)$/),
      expect.stringMatching(/^lists\/x-c2\.txt ip:10\.0\.0\.1: .*\(address-reserved\)$/),
      expect.stringMatching(/^lists\/x-c2\.txt ip:8\.8\.8\.8: .*\(resolver-public\)$/),
    ]);
    expect(faults.map(({ code, severity, place }) => `${place.file ?? ''} ${severity} ${code}`)).toEqual([
      'lists/x-c2.txt error address-reserved',
      'lists/x-c2.txt warning domain-reserved',
      'lists/x-c2.txt error domain-shared',
      'lists/x-c2.txt error resolver-public',
      'lists/x-c2.txt error site-top',
    ]);
    expect(faults.filter(isLintError)).toHaveLength(4);
    expect(faults.filter(isBlocking)).toEqual([]);
  });

  test('an indicator that the lint refuses stops no release, and what is trusted is not judged', async () => {
    const trusted = { 'lists/x-c2.txt': refused, 'lists/y-trusted-domains.txt': 'microsoft.com\n' };
    const { config, pack } = await load(trusted, '    sources: [lists]\n');
    const { compiled } = await compileRelease(config, pack);
    expect(compiled.rules.map(({ item }) => item.id)).toContain('domain:microsoft.com');
  });

  test('an expired indicator stays out, at the time of the build', async () => {
    const csv = 'type,value,expiresAt\nfqdn,a.bad-host.net,2026-07-02T00:00:00Z\nfqdn,b.bad-host.net,\n';
    const { pack } = await load({ 'lists/x.csv': csv }, '    sources: [lists]\n');
    const before = await compilePack(folder, pack, new Date('2026-07-01T23:59:59Z'));
    expect(before.rules).toHaveLength(2);
    expect(before.leftOut).toEqual([]);
    const after = await compilePack(folder, pack, new Date('2026-07-02T00:00:00Z'));
    expect(after.rules.map(({ item }) => item.id)).toEqual(['fqdn:b.bad-host.net']);
    expect(after.leftOut).toEqual([
      { file: 'lists/x.csv', id: 'fqdn:a.bad-host.net', reason: 'expired at 2026-07-02T00:00:00Z' },
    ]);
    expect(after.faults.map(({ code, severity }) => [code, severity])).toEqual([['expired', 'warning']]);
  });

  test('a list of nothing but mistakes does not flood the report', async () => {
    const list = Array.from({ length: 1500 }, (_, at) => `10.0.${at >> 8}.${at & 255}\n`).join('');
    const { faults, leftOut } = await compile({ 'lists/x-c2.txt': list }, '    sources: [lists]\n');
    expect(leftOut).toHaveLength(1500);
    expect(faults).toHaveLength(1001);
    expect(faults.find(({ code }) => code === 'faults-left-out')?.message).toContain('got 500 more');
  });

  test('placeholders: resolved by expand, left out without values', async () => {
    const rule = sigmaRule('admins').replace('contains: ', 'expand: ').replace("'admins'", "'%admins%'");
    const without = await compile({ 'rules/admins.yml': rule }, '    sources: [rules]\n');
    expect(without.rules).toEqual([]);
    expect(at(without.leftOut, 0).reason).toMatch(/"%admins%".*\(placeholder-unresolved\)$/);
    const resolved = await compile({}, '    sources: [rules]\n    expand: { admins: [root, toor] }\n');
    expect(JSON.stringify(resolved.rules)).toContain('toor');
    expect(resolved.leftOut).toEqual([]);
  });

  test('a broken rule stops the release with all its faults, or is left out where yms.yaml says so', async () => {
    const broken = sigmaRule('broken').replace('selection\n', 'selection and\n').replace('contains', 'unheard');
    const files = { 'rules/good.yml': sigmaRule('good'), 'rules/broken.yml': broken };
    const strict = await load(files, '    sources: [rules]\n');
    const error = await expectBuilderError('rules-faulty', () => compileRelease(strict.config, strict.pack));
    expect(error.faults.length).toBeGreaterThan(1);
    expect(error.faults.every(({ place }) => place.file === 'rules/broken.yml' && (place.line ?? 0) > 1)).toBe(true);
    const lenient = await load({}, '    sources: [rules]\n    faulty: leave-out\n');
    const { compiled } = await compileRelease(lenient.config, lenient.pack);
    expect(compiled.rules.map(({ file }) => file)).toEqual(['rules/good.yml']);
    expect(compiled.leftOut.map(({ file }) => file)).toEqual(['rules/broken.yml']);
  });

  test('samples: a rule that fails them stops the release, or is left out where yms.yaml says so', async () => {
    const files = { 'rules/a.yml': sigmaRule('a'), 'rules/b.yml': sigmaRule('b') };
    const results: SampleResults = { record: { failed: 1 }, failed: new Map([[ruleId('b'), 'no match']]) };
    const test = () => Promise.resolve(results);
    const strict = await load(files, '    sources: [rules]\n');
    await expectBuilderError('samples-failed', () => compileRelease(strict.config, strict.pack, test));
    const lenient = await load(files, '    sources: [rules]\n    tests: { failing: leave-out }\n');
    const { compiled, tests } = await compileRelease(lenient.config, lenient.pack, test);
    expect(tests).toEqual({ failed: 1 });
    expect(compiled.rules.map(({ item }) => item.id)).toEqual([ruleId('a')]);
    expect(compiled.leftOut).toEqual([{ file: 'rules/b.yml', id: ruleId('b'), reason: 'samples: no match' }]);
  });

  test('a pack without a rule is refused', async () => {
    const { config, pack } = await load({ 'rules/x.md': 'text' }, '    sources: [rules]\n');
    await expectBuilderError('pack-empty', () => compileRelease(config, pack));
  });

  test('attribution: author, license and origin of each rule, the license of a list', async () => {
    const { rules } = await compile(
      {
        'sigma/a.yml': sigmaRule('a', 'license: MIT\n'),
        'sigma/b.yml': sigmaRule('b').replace('author: yms test\n', ''),
        'lists/x-c2.txt': 'bad.example\nworse.example\n',
      },
      `    license: DRL-1.1
    sources:
      - { path: sigma, origin: 'https://rules.example.org' }
      - lists
`,
    );
    expect(attributionsOf(rules).map(({ value }) => value)).toEqual([
      { id: ruleId('a'), file: 'sigma/a.yml', author: 'yms test', license: 'MIT', source: 'https://rules.example.org' },
      { id: ruleId('b'), file: 'sigma/b.yml', license: 'DRL-1.1', source: 'https://rules.example.org' },
      { id: 'file:lists/x-c2.txt', file: 'lists/x-c2.txt', license: 'DRL-1.1' },
    ]);
  });

  test('two folders, one content: the same digest and the same plaintext archive', async () => {
    const files = { 'rules/a.yml': sigmaRule('a'), 'rules/x-c2.txt': 'bad.example\n', 'rules/pools.yml': pools };
    const archives = [];
    for (const where of [join(folder, 'here'), join(folder, 'some/where/else')]) {
      const { config, pack } = await load(files, '    sources: [rules]\n    license: MIT\n', where);
      const { compiled, tests } = await compileRelease(config, pack);
      expect(packItems(compiled)).toHaveLength(6);
      const key = newSigningKey();
      const sealed = await sealRelease(compiled, {
        release: { version: '1', sequence: 1 },
        createdAt: new Date(0),
        signers: [signerOf(key)],
        recipients: [newSealingKey().publicKey],
        tests,
      });
      const unverified = readPack(sealed.bytes);
      if (!unverified) return expect.fail('no pack');
      const verified = verifyPack(unverified, { keys: [key.publicKey], threshold: 1 });
      const archive = Buffer.from(await openArchive(verified, sealed.contentKey)).toString('hex');
      archives.push({ archive, digest: sealed.contentDigest });
    }
    expect(archives[1]).toEqual(archives[0]);
  });
});
