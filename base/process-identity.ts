/**
 * Which process something belongs to. A number alone says little: it is given again after a restart, soon and in nearly
 * the same order, and in another PID namespace it means another process.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from './error.js';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the kernel's own count since the boot; null where nobody can tell. */
  readonly start: string | null;
  /** Who sees processes as it does: boot and PID namespace on Linux, else the name of the machine; null if unknown. */
  readonly view: string | null;
}

/** This process, also as one line of text. */
export function ownProcess(): ProcessIdentity & { readonly text: string } {
  const view = ownView();
  const start = view === null ? null : startOf(process.pid);
  return { pid: process.pid, start, view, text: `${process.pid} ${start ?? '-'} ${view ?? '-'}` };
}

/** The process that a text names, at its beginning; null when it names none. A number alone is what earlier versions wrote. */
export function parseProcess(text: string): ProcessIdentity | null {
  const [pid = '', start = '-', view = '-'] = text.trim().split(' ');
  if (!/^[1-9]\d{0,9}$/.test(pid)) return null;
  return { pid: Number(pid), start: start === '-' ? null : start, view: view === '-' ? null : view };
}

/** Whether that very process runs; null when this process cannot tell. */
export function isRunning({ pid, start, view }: ProcessIdentity): boolean | null {
  if (view === null || view !== ownView()) return null;
  if (process.platform === 'linux') return start === null ? null : startOf(pid) === start;
  return exists(pid) ? null : false; // its number may be another's by now
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function ownView(): string | null {
  if (process.platform !== 'linux') return hostname().replaceAll(/\s/g, '-') || null;
  try {
    if (readlinkSync('/proc/self') !== String(process.pid)) return null; // a /proc of another namespace
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
    return namespace === undefined ? null : `${boot}/${namespace}`;
  } catch {
    return null;
  }
}

/** Field 22 of /proc/PID/stat (proc(5)); the second is a name that may hold anything. Null when it is gone, or ended. */
function startOf(pid: number): string | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
