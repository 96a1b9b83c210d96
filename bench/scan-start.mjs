// Prints the milliseconds, on the wall and of a processor, from the bytes of a pack to its first event matched, in a fresh process of the compiled program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openEvents } from '../dist/events/read.js';
import { parseKeyFile, parsePublicKeyFile } from '../dist/keys/keyfile.js';
import { openerOf } from '../dist/keys/sealing.js';
import { openContentKey, openPack, readPack, verifyPack } from '../dist/packs/pack.js';
import { noCustomRules } from '../dist/scanner/custom.js';
import { decodeItems } from '../dist/scanner/decode.js';
import { mergeRules } from '../dist/scanner/merge.js';
import { Detectors } from '../dist/scanner/scan/detector.js';
import { ruleIn, selectRules } from '../dist/scanner/scan/selection.js';

const [folder] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name));
const opener = openerOf(await parseKeyFile(read('host.key'), { passphrase: () => Promise.resolve('') }));
const { key } = parsePublicKeyFile(read('release.key'), 'release.key');
const events = [];
for await (const batch of (await openEvents(join(folder, 'one.json'))).batches()) events.push(...batch);
const bytes = read('core.yms');

const startedAt = performance.now();
const usedBefore = process.cpuUsage();
const verified = verifyPack(readPack(bytes), { keys: [key], threshold: 1 });
const { items } = await openPack(verified, openContentKey(verified.header, opener));
const { feature, pack, channel, version } = verified.header;
const decoded = decodeItems(items, 'core');
const { rules } = mergeRules({
  packs: [{ feature, pack, channel, version, rules: decoded }],
  custom: noCustomRules,
  remembered: [],
});
const selected = selectRules(rules, 'informational');
const detectors = new Detectors({ rules: selected, logSources: null, sinceMs: null }, ruleIn(rules));
detectors.match(events);
const { user, system } = process.cpuUsage(usedBefore);
console.log(performance.now() - startedAt, (user + system) / 1000);
