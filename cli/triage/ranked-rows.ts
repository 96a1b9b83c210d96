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
  readonly #maxRows: number;
  readonly #maxHeldUnits: number;
  /** Rows kept, by points. */
  readonly #kept = new Map<number, number>();
  /** Enough rows are kept that have more points than a further one of so many, or came before it. */
  #cutoff = -Infinity;
  #heldUnits = 0;
  #folder: string | null = null;
  #size = 0;

  /** @param maxRows so many rows will be asked for at most */
  constructor(maxRows = Infinity, maxUnits = maxHeldUnits) {
    this.#maxRows = maxRows;
    this.#maxHeldUnits = maxUnits;
  }

  /** How many were added. */
  get size(): number {
    return this.#size;
  }

  /** @param make the row, for which there is no need when it cannot be among those that will be asked for */
  async add(points: number, make: () => TriageRow): Promise<void> {
    this.#size++;
    if (points <= this.#cutoff) return;
    const text = JSON.stringify(make());
    const list = this.#held.get(points);
    if (list === undefined) this.#held.set(points, [text]);
    else list.push(text);
    this.#kept.set(points, (this.#kept.get(points) ?? 0) + 1);
    if (this.#maxRows < Infinity) this.#raiseCutoff();
    this.#heldUnits += text.length;
    if (this.#heldUnits > this.#maxHeldUnits) await this.#spill();
  }

  #raiseCutoff(): void {
    let rows = 0;
    for (const [points, count] of [...this.#kept].sort(([a], [b]) => b - a)) {
      rows += count;
      if (rows < this.#maxRows) continue;
      this.#cutoff = points;
      return;
    }
  }

  /** The most points first, at most as many as the constructor was told. */
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
