import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Probe } from '../../builder/compile/probe.js';
import { openEvents } from '../../events/read.js';
import { loadRuleFolder } from '../../rules/folder.js';
import type { SigmaRule } from '../../rules/sigma/rule.js';
import { Ruleset } from '../../rules/sigma/ruleset.js';

const folder = process.env['SIGMAHQ_DIR'] ?? '';

interface Info {
  readonly path: string;
  readonly ruleId: string;
  readonly matchCount: number | null;
}

/** Three events set a value below the key that the rule names; SigmaHQ's own runner only asks for at least one. */
const saysTooFew = new Map([['45e112d0-7759-4c2a-aa36-9f8fb79d3393', 3]]);

const rules = new Map<string, SigmaRule>();
const infos: Info[] = [];

beforeAll(async () => {
  for (const name of ['rules', 'rules-emerging-threats', 'rules-threat-hunting']) {
    const { files } = await loadRuleFolder(join(folder, name));
    for (const { items } of files)
      for (const item of items) if ('rule' in item) rules.set(item.id, (item as unknown as { rule: SigmaRule }).rule);
  }
  const data = join(folder, 'regression_data');
  for (const file of await readdir(data, { recursive: true })) {
    if (!file.endsWith('info.yml')) continue;
    const info = parse(await readFile(join(data, file), 'utf8')) as {
      rule_metadata: { id: string }[];
      regression_tests_info: { path: string; match_count?: number }[];
    };
    for (const { path, match_count } of info.regression_tests_info)
      infos.push({
        path: join(folder, path),
        ruleId: info.rule_metadata[0]?.id ?? '',
        matchCount: match_count ?? null,
      });
  }
}, 120_000);

async function eventsOf(path: string) {
  const reading = await openEvents(path);
  const events = [];
  for await (const batch of reading?.batches() ?? []) events.push(...batch);
  expect(reading?.report.skipped, path).toBe(0);
  return events;
}

test('all samples fire as often as they say, from the EVTX and from the JSON beside it', async () => {
  expect(infos.length).toBeGreaterThanOrEqual(50);
  const wrong: string[] = [];
  const entries = [...rules.values()].map((rule) => ({ rule, pack: null }));
  const ruleset = new Ruleset(entries);
  for (const { path, ruleId, matchCount } of infos) {
    const rule = rules.get(ruleId);
    if (!rule) return expect.fail(`${ruleId}: expected its rule, got none`);
    const probe = new Probe(rule, []);
    for (const file of [path, path.replace(/\.evtx$/, '.json')]) {
      const events = await eventsOf(file);
      const alone = await probe.count([events]);
      const amongAll = events.filter((event) => ruleset.match(event).some((match) => match.ruleId === ruleId)).length;
      const expected = saysTooFew.get(ruleId) ?? matchCount ?? Math.max(alone, 1);
      if (alone !== expected || amongAll !== expected)
        wrong.push(`${dirname(file)}: expected ${expected}, got ${alone} alone, ${amongAll} among all rules`);
    }
  }
  expect(wrong).toEqual([]);
});
