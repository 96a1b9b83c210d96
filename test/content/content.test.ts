import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { canonicalJson, parseJson } from '../../base/json.js';
import { loadRuleFolder, type RuleFolder } from '../../rules/folder.js';
import { decodeIndicator } from '../../rules/ioc/indicator.js';
import { decodePool, type Pool } from '../../rules/pools/pool.js';

const content = new URL('../../content/', import.meta.url).pathname;
const folders = ['sigma', 'mining-pools', 'ioc', 'premium', 'triage'];
const read = new Map<string, RuleFolder>();

beforeAll(async () => {
  for (const folder of folders) read.set(folder, await loadRuleFolder(`${content}${folder}`));
});

const filesOf = (folder: string) => read.get(folder)?.files ?? [];
const itemsOf = (folder: string) => filesOf(folder).flatMap(({ items }) => items);

test.each(folders)('%s compiles without a fault', (folder) => {
  expect(itemsOf(folder).length).toBeGreaterThan(0);
  expect(filesOf(folder).flatMap(({ faults }) => faults)).toEqual([]);
  expect(filesOf(folder).filter(({ kind }) => kind === 'other')).toEqual([]);
});

test('no id stands in two folders', () => {
  const ids = folders.flatMap((folder) => itemsOf(folder).map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});

describe('mining pools', () => {
  const pools = () =>
    itemsOf('mining-pools').filter(({ kind }) => kind === 'pool').map(({ value }) => decodePool(parseJson(canonicalJson(value))));
  const isNamed = ({ kind }: Pool) => kind !== 'generic';

  test('at least 120 names, 60 of them of Monero, each with its source', () => {
    expect(pools().filter(isNamed).length).toBeGreaterThanOrEqual(120);
    expect(pools().filter((pool) => isNamed(pool) && pool.coins.includes('XMR')).length).toBeGreaterThanOrEqual(60);
    expect(pools().filter(({ source }) => source === '')).toEqual([]);
  });

  test('the pools of time servers are trusted', () => {
    const trusted = read.get('mining-pools')?.trusted.map(({ value }) => value);
    expect(trusted).toContain('pool.ntp.org');
  });

  test('the generic signs are there', () => {
    const patterns = pools().map(({ pattern }) => pattern);
    for (const sign of ['xmr.*', '*.pool.*', ':3333', ':14444', 'stratum+tcp://', 'stratum+ssl://', '--donate-level', 'XMRig/'])
      expect(patterns).toContain(sign);
  });

  test('no provider of dynamic names is listed as a whole', () => {
    const suffixes = pools().map(({ pattern }) => pattern);
    for (const provider of ['mooo.com', 'ddns.net', 'dyndns.org', 'webhop.net', 'webhop.me', 'dscloud.me', 'us.to'])
      expect(suffixes).not.toContain(`.${provider}`);
  });
});

describe('Sigma rules', () => {
  const rules = ['sigma', 'premium'];

  test('at least ten, by us, with what a reader needs to judge them', () => {
    expect(itemsOf('sigma').length).toBeGreaterThanOrEqual(10);
    for (const folder of rules)
      for (const { value } of itemsOf(folder)) expect(value).toMatchObject({ author: 'yms project', level: expect.any(String) as string });
  });

  test('each has samples that it must and must not find', async () => {
    for (const folder of rules) {
      const names = (await readdir(`${content}${folder}`)).sort();
      const samples = names.filter((name) => name.endsWith('.samples.yaml')).map((name) => name.replace('.samples.yaml', ''));
      expect(samples).toEqual(names.filter((name) => name.endsWith('.yml')).map((name) => name.replace('.yml', '')));
      for (const name of samples) {
        const events = parse(await readFile(`${content}${folder}/${name}.samples.yaml`, 'utf8')) as Record<string, unknown>;
        expect(Object.keys(events)).toEqual(['positive', 'negative']);
        for (const list of Object.values(events)) {
          expect(Array.isArray(list) && list.length > 0, name).toBe(true);
          for (const event of list as unknown[])
            for (const field of Object.values(event as object)) expect(['string', 'number']).toContain(typeof field);
        }
      }
    }
  });
});

test('every indicator survives the way through a pack', () => {
  for (const { value } of itemsOf('ioc')) expect(decodeIndicator(parseJson(canonicalJson(value)))).toEqual(value);
});
