import { appendFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TriageRow } from './row.js';

/** Held in memory; more goes into files of the temporary folder. */
const maxHeldUnits = 16 * 1024 * 1024;

/**
 * Sorts rows by their points, the most first, and those of equal points as they came: one list for each sum of points,
 * which spills into a file. So a million rows take little memory and no sorting.
 */
export class RankedRows {
  readonly #held = new Map<number, string[]>();
  readonly #spilled = new Set<number>();
  readonly #maxHeldUnits: number;
  #heldUnits = 0;
  #folder: string | null = null;
  #size = 0;

  constructor(maxUnits = maxHeldUnits) {
    this.#maxHeldUnits = maxUnits;
  }

  get size(): number {
    return this.#size;
  }

  async add(row: TriageRow): Promise<void> {
    const text = JSON.stringify(row);
    const list = this.#held.get(row.points);
    if (list === undefined) this.#held.set(row.points, [text]);
    else list.push(text);
    this.#size++;
    this.#heldUnits += text.length;
    if (this.#heldUnits > this.#maxHeldUnits) await this.#spill();
  }

  async *rows(): AsyncGenerator<TriageRow> {
    const points = new Set([...this.#held.keys(), ...this.#spilled]);
    for (const sum of [...points].sort((a, b) => b - a)) {
      if (this.#folder !== null && this.#spilled.has(sum)) {
        const file = await open(fileOf(this.#folder, sum));
        for await (const line of file.readLines()) yield JSON.parse(line) as TriageRow; // which closes it, too
      }
      for (const text of this.#held.get(sum) ?? []) yield JSON.parse(text) as TriageRow;
    }
  }

  /** Takes the files away. */
  async close(): Promise<void> {
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }

  async #spill(): Promise<void> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'yms-triage-'));
    for (const [points, list] of this.#held) {
      await appendFile(fileOf(this.#folder, points), `${list.join('\n')}\n`, { mode: 0o600 });
      this.#spilled.add(points);
    }
    this.#held.clear();
    this.#heldUnits = 0;
  }
}

function fileOf(folder: string, points: number): string {
  return join(folder, `${points}.jsonl`);
}
