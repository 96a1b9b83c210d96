import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../base/bytes.js';
import { CodedError } from '../../base/error.js';
import { canonicalJson, type Json } from '../../base/json.js';
import { Random } from '../../bench/random.js';
import { readJsonLines } from '../../events/json-lines.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';
import { textFormats } from '../../events/text-format.js';
import { encodeItem, parseItem } from '../../packs/item.js';
import { decodeSigma } from '../../rules/sigma/normal-form.js';
import { compileSigmaFile } from '../../rules/sigma/rule.js';
import { Ruleset } from '../../rules/sigma/ruleset.js';
import { makeEvent } from '../rules/sigma/make-event.js';
import { readText } from '../support/text-log.js';

/** Inputs of each run; a million takes half an hour (`YMS_FUZZ_INPUTS=1000000`). */
const inputs = Number(process.env['YMS_FUZZ_INPUTS'] ?? 20_000);
const seed = Number(process.env['YMS_FUZZ_SEED'] ?? 1);
/** A hang, not slowness: a good input takes a fraction of a millisecond. */
const maxMs = 5_000;

const content = join(import.meta.dirname, '../../content');
const sigmahq = process.env['SIGMAHQ_DIR'] ?? '/nowhere';

function filesBelow(folder: string, extension: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(extension));
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** What means something to YAML, to Sigma or to JSON. */
const tokens = [
  ...': |- |> |contains |re |re|i |cidr |expand |base64offset|contains |windash |utf16le |all |fieldref |gt'.split(' '),
  ...'- & * ! !!binary %x% # --- ... { } [ ] , ? @ ` " \' \\ \\\\ \\* 1 of them all of s* not and or ( ) null true 0x1 1e9'.split(
    ' ',
  ),
  ...['\n', '\n\n', '\t', '  ', '\0', '\u{feff}', '\u{d800}', '\u{1f600}', '\r', '<<: *a', '&a ', '*a', 'condition: '],
  ...['(a+)+$', '[[:alpha:]]', '\\p{L}', '(?=x)', '.*.*.*x', '{1,1000}', '::/0', '10.0.0.0/33', 'timespan: 5m'],
];

/** One to five changes: a token put in, text left out, doubled, or taken from another input. */
function mutate(text: string, other: string, random: Random): string {
  let mutant = text;
  for (let change = random.below(5); change >= 0; change--) {
    const at = random.below(mutant.length + 1);
    const length = random.below(40);
    const piece = [random.of(tokens), '', mutant.slice(at, at + 2 * length), other.slice(at, at + length)][
      random.below(4)
    ];
    mutant = mutant.slice(0, at) + (piece ?? '') + mutant.slice(at + (random.below(2) === 0 ? 0 : length));
  }
  return mutant.toWellFormed(); // as decoding a file's UTF-8 gives it
}

async function withinTime(name: string, work: () => Promise<void> | void): Promise<void> {
  const started = performance.now();
  await work();
  expect(performance.now() - started, `${name} of seed ${seed}`).toBeLessThan(maxMs);
}

describe('broken Sigma files', () => {
  const originals = [
    ...filesBelow(join(content, 'sigma'), '.yml'),
    ...filesBelow(join(sigmahq, 'rules/windows'), '.yml'),
  ];
  const fields = { Channel: 'Security', EventID: 4688, Image: 'C:\\Windows\\cmd.exe', CommandLine: 'cmd /c whoami' };

  test(`${inputs} mutants: rules that go through a pack unchanged, or faults with their places`, async () => {
    const random = new Random(seed);
    const counts = { rules: 0, faults: 0 };
    for (let input = 0; input < inputs; input++) {
      const mutant = mutate(random.of(originals), random.of(originals), random);
      const lines = mutant.split(/\r\n|\r|\n/).length;
      await withinTime(`input ${input}`, () => {
        const { rules, faults } = compileSigmaFile(mutant, 'mutant.yml');
        for (const { message, place } of faults) {
          expect(message.isWellFormed(), message).toBe(true);
          expect(place).toMatchObject({ file: 'mutant.yml', line: expect.any(Number) as number });
          expect(place.line).toBeLessThanOrEqual(lines);
        }
        if (faults.some(({ severity }) => severity === 'error')) counts.faults++;
        else expect(rules.length > 0 || faults.length > 0 || parse(mutant) === null, mutant).toBe(true);
        for (const { id, value } of rules) {
          counts.rules++;
          const { line } = parseItem('sigma', utf8(encodeItem('sigma', id, value).line));
          const rule = decodeSigma(JSON.parse(line) as Json);
          expect(canonicalJson(rule)).toBe(line);
          const ruleset = new Ruleset([{ rule, pack: 'mutants' }]);
          ruleset.match(makeEvent(fields, mutant));
          expect([...ruleset.broken.values()]).toEqual([]);
        }
      });
    }
    console.log(counts);
    expect(counts.rules).toBeGreaterThan(inputs / 10);
    expect(counts.faults).toBeGreaterThan(inputs / 10);
  });
});

describe('broken events', () => {
  const json = [
    '{"EventID":1,"Channel":"Security","a":{"b":[1,2,{"c":null}]},"t":"2026-07-26T10:00:00Z"}\n{"EventID":2}\n',
    '[{"Event":{"System":{"EventID":{"#text":4688},"TimeCreated":{"SystemTime":"2026-07-26T10:00:00Z"}}}},{"x":"\\u00e4"}]',
    '{"@timestamp":"2026-07-26T10:00:00Z","winlog":{"channel":"Security","event_id":"4624","event_data":{"a":"b"}}}\n',
  ];

  test(`${inputs} mutants of JSON: events or named skips, and no whole line lost`, async () => {
    const random = new Random(seed);
    const counts = { events: 0, skips: 0 };
    for (let input = 0; input < inputs; input++) {
      const mutant = `${mutate(random.of(json), random.of(json), random)}\n{"last":1}\n`;
      await withinTime(`input ${input}`, async () => {
        const report = new ReadReport();
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          yield await Promise.resolve(Buffer.from(mutant));
        };
        let events = 0;
        const options = { shapes: new ShapeTable(), report, name: 'mutant' };
        for await (const batch of readJsonLines(streamSource(pieces()), options)) events += batch.length;
        counts.events += events;
        counts.skips += report.skipped;
        expect(events + report.skipped, mutant).toBeGreaterThan(0);
        for (const { offset } of report.named) expect(offset).toBeLessThanOrEqual(Buffer.byteLength(mutant));
      });
    }
    console.log(counts);
    expect(Math.min(counts.events, counts.skips)).toBeGreaterThan(inputs / 10);
  });

  const logs = [
    '#separator \\x09\n#fields\tts\tuid\tid.orig_h\tquery\n#types\ttime\tstring\taddr\tstring\n1785060000.1\tC1\t10.0.0.1\ta.example\n',
    '#Fields: date time c-ip cs-uri-stem sc-status\n2026-07-26 10:00:00 10.0.0.1 /x 200\n',
    '1785060000.250 345 10.1.2.3 TCP_MISS/200 1234 GET http://a.example/ - HIER_DIRECT/192.0.2.7 text/html\n',
    '10.0.0.1 - - [26/Jul/2026:12:00:00 +0200] "GET /a\\x22 HTTP/1.1" 200 5 "-" "agent \\"x\\""\n',
    'type=EXECVE msg=audit(1785060000.123:45): argc=2 a0="sh" a1=2D63\ntype=SYSCALL msg=audit(1785060000.123:45): pid=1\n',
    'Jul 26 10:00:00 host sshd[12]: Failed password for root from 192.0.2.7 port 22 ssh2\n<34>1 2026-07-26T10:00:00Z h a 1 - - x\n',
    'Jul 26 10:00:00 dnsmasq[1]: query[A] a.example from 10.0.0.1\nJul 26 10:00:00 dnsmasq[1]: reply a.example is 192.0.2.7\n',
    '[1785060000] unbound[1:0] info: 10.0.0.1 a.example. A IN\n',
    '26-Jul-2026 10:00:00.123 client @0x7f 10.0.0.1#53 (a.example): query: a.example IN A +E(0)K (10.0.0.2)\n',
    'time=2026-07-26T10:00:00Z user="a \\"b\\"" action=blocked\n',
    'time,host,"user ""x"""\n2026-07-26T10:00:00Z,h,"a,b\nc"\n',
  ];

  test(`${inputs} mutants of text logs, each read as some format`, async () => {
    const random = new Random(seed);
    const counts = { events: 0, skips: 0, refused: 0 };
    for (let input = 0; input < inputs; input++) {
      const mutant = mutate(random.of(logs), random.of(logs), random);
      const format = random.of(textFormats);
      await withinTime(`input ${input} as ${format}`, async () => {
        try {
          const { events, report } = await readText(format, mutant, 1 + random.below(200));
          counts.events += events.length;
          counts.skips += report.skipped;
          // A file without LF has lines that end with CR.
          const lines = mutant.split(mutant.includes('\n') ? '\n' : '\r').length;
          for (const { line } of report.named) expect(line ?? 1, mutant).toBeLessThanOrEqual(lines + 1);
        } catch (error) {
          if (!(error instanceof CodedError)) throw error;
          counts.refused++;
        }
      });
    }
    console.log(counts);
    expect(Math.min(counts.events, counts.skips)).toBeGreaterThan(inputs / 20);
  });
});
