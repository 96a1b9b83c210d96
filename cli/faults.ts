import { BuilderError } from '../builder/error.js';
import { type Fault, formatFault } from '../rules/fault.js';
import { printable } from './output.js';

/** Every fault on a line of its own on stderr, as compilers write them. */
export function printFaults(faults: readonly Fault[]): void {
  for (const fault of faults) process.stderr.write(`${printable(formatFault(fault))}\n`);
}

/** Runs a command; an error that stands for several faults shows each of them before it ends the command. */
export async function showingFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BuilderError) printFaults(error.faults);
    throw error;
  }
}
