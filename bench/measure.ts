/** Medians of whole runs, printed with the ratio to what a user would pick instead: machines drift, ratios hold. */

export interface Timing {
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** Runs every contender in turn, `runs` times after one warm-up, so that a slow minute hurts all alike. */
export async function compare<Name extends string>(
  contenders: Readonly<Record<Name, () => unknown>>,
  runs = 5,
): Promise<Record<Name, Timing>> {
  const names = Object.keys(contenders) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let run = 0; run <= runs; run++) {
    for (const name of names) {
      const start = performance.now();
      await contenders[name]();
      if (run > 0) times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, timing(times[name])])) as Record<Name, Timing>;
}

function timing(times: number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? NaN;
  return { medianMs: at(0.5), minMs: at(0), maxMs: at(1) };
}

export function formatTiming({ medianMs, minMs, maxMs }: Timing): string {
  return `${medianMs.toFixed(0)} ms (${minMs.toFixed(0)} to ${maxMs.toFixed(0)})`;
}

export function report(name: string, value: string): void {
  console.log(`${name.padEnd(44)} ${value}`);
}

/** A figure against its aim: `2.0 (aim: at most 2.5)`. */
export function reportRatio(name: string, ratio: number, atMost: number): void {
  report(name, `${ratio.toFixed(2)} (aim: at most ${atMost})${ratio > atMost ? '  MISSED' : ''}`);
}
