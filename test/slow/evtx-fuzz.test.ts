import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeEvtx, evtxChunks, repairChunk } from '../../bench/evtx-writer.js';
import { Random } from '../../bench/random.js';
import { decodeChunk, decodeRecords } from '../../events/evtx/chunk.js';
import { JsonRenderer } from '../../events/evtx/json.js';
import { readEvtx } from '../../events/evtx/file.js';
import { EventsError } from '../../events/error.js';
import { ReadReport } from '../../events/report.js';
import { ShapeTable } from '../../events/shapes.js';
import { streamSource } from '../../events/source.js';
import { sampleRecords } from '../support/evtx-records.js';

/** Inputs of the fuzz run; a million takes some minutes (`YMS_FUZZ_INPUTS=1000000`). */
const inputs = Number(process.env['YMS_FUZZ_INPUTS'] ?? 20_000);
const seed = Number(process.env['YMS_FUZZ_SEED'] ?? 1);
/** No input may take longer; a good chunk takes one. */
const maxMs = 2_000;

/** Chunks to break: written ones, and those of real logs where SIGMAHQ_DIR is set. */
function chunksToBreak(): Buffer[] {
  const written = [...evtxChunks(sampleRecords(60)), ...evtxChunks(sampleRecords(3))];
  const folder = join(process.env['SIGMAHQ_DIR'] ?? '/nowhere', 'regression_data');
  if (!existsSync(folder)) return written;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.evtx'));
  return [...written, ...names.map((name) => readFileSync(join(folder, name)).subarray(4096, 4096 + 65536))];
}

const interesting = [0, 1, 2, 0x0c, 0x0d, 0x0e, 0x0f, 0x21, 0x41, 0x46, 0x7f, 0x80, 0x81, 0xa1, 0xff];

/** One to eight changes inside the used part; checksums are made good again, so that they hide nothing. */
function mutate(chunk: Buffer, numbers: Random): Buffer {
  const random = (bound: number): number => numbers.below(bound);
  const mutant = Buffer.from(chunk);
  const used = Math.max(chunk.readUInt32LE(48), 600);
  for (let change = random(8); change >= 0; change--) {
    const at = 512 + random(used - 512 - 8);
    switch (random(7)) {
      case 0:
        mutant[at] = (mutant[at] ?? 0) ^ (1 << random(8));
        break;
      case 1:
        mutant[at] = interesting[random(interesting.length)] ?? 0;
        break;
      case 2:
        mutant.writeUInt16LE(random(65536), at);
        break;
      case 3:
        mutant.writeUInt32LE(512 + random(used - 512), at);
        break;
      case 4:
        mutant.copy(mutant, at, 512 + random(used - 512), 512 + random(used - 512));
        break;
      case 5:
        mutant.fill(0, at, Math.min(at + random(64), used));
        break;
      default:
        mutant.writeUInt32LE([0xffffffff, 0x7fffffff, 0x10000, 0][random(4)] ?? 0, at);
    }
  }
  repairChunk(mutant);
  return mutant;
}

/** Keeps a chunk that crashes the decoder for the unit tests; what it must come to is then filled in by hand. */
function saveVector(name: string, chunk: Buffer): void {
  const used = Math.min(chunk.readUInt32LE(48), chunk.length);
  const head = Buffer.from('comment: found by mutation\nevents: ?\nexpect: ?\n\n');
  writeFileSync(join(import.meta.dirname, '../vectors/evtx', name), Buffer.concat([head, chunk.subarray(0, used)]));
}

describe('broken EVTX', () => {
  test(`${inputs} mutated chunks: events or named skips, in bounded time`, () => {
    const originals = chunksToBreak();
    const random = new Random(seed);
    const shapes = new ShapeTable();
    let events = 0;
    const codes = new Map<string, number>();
    for (let input = 0; input < inputs; input++) {
      const mutant = mutate(random.of(originals), random);
      const started = performance.now();
      const onSkip = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1);
      try {
        events += decodeChunk(mutant, shapes, 'mutant', onSkip).length;
        const renderer = new JsonRenderer(mutant);
        decodeRecords(mutant, (record) => renderer.event(record.at, record.end), onSkip);
        expect(performance.now() - started, `input ${input} of seed ${seed}`).toBeLessThan(maxMs);
      } catch (error) {
        saveVector(`crash-${seed}-${input}`, mutant);
        throw error;
      }
    }
    console.log(`${events} events, skips ${JSON.stringify(Object.fromEntries(codes))}`);
    expect(events).toBeGreaterThan(inputs);
    expect(codes.size).toBeGreaterThan(8);
  });

  test('whole files cut at every 97th byte, and with every block zeroed', async () => {
    const file = encodeEvtx(sampleRecords(400));
    const read = async (bytes: Buffer) => {
      const report = new ReadReport();
      const source = streamSource(
        (async function* () {
          yield await Promise.resolve(bytes);
        })(),
      );
      try {
        const batches = readEvtx(source, { shapes: new ShapeTable(), report, name: 'cut' });
        while ((await batches.next()).done !== true);
      } catch (error) {
        expect(error).toBeInstanceOf(EventsError);
        expect((error as EventsError).code).toBe('evtx-header');
      }
      return report;
    };
    const whole = await read(file);
    expect(whole.events).toBe(400);
    for (let length = 0; length < file.length; length += 97) {
      const report = await read(file.subarray(0, length));
      expect(report.events).toBeLessThanOrEqual(400);
      if (length > 4096 && (length - 4096) % 65536 !== 0) expect(report.counts.get('chunk-truncated')).toBe(1);
    }
    for (let block = 0; block < file.length; block += 4096) {
      const zeroed = Buffer.from(file).fill(0, block, block + 4096);
      expect((await read(zeroed)).events).toBeLessThanOrEqual(400);
    }
  });
});
