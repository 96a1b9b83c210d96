import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const changing = ['link', 'mkdir', 'open', 'rename', 'rm', 'writeFile'] as const;

/**
 * Runs `work` as if the process were killed before its `step`-th change of the file system (from 1): that call and all
 * later ones, cleaning up included, do not happen. Answers how many changes were asked for.
 */
export async function crashAt(step: number, work: () => Promise<unknown>): Promise<number> {
  const real = Object.fromEntries(changing.map((name) => [name, fs[name]]));
  let count = 0;
  for (const name of changing) {
    const call = fs[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        if (name === 'open' && args[1] === 'r') return call(...args);
        return ++count >= step ? Promise.reject(new Error('killed')) : call(...args);
      },
    });
  }
  syncBuiltinESMExports();
  try {
    await work();
  } catch {
    // what a killed process would have said
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
  return count;
}
