import { basename } from 'node:path';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';

/** Histories of shells, whose lines are commands. */
export const historyFormats = ['shell-history', 'fish-history', 'powershell-history'] as const;
export type HistoryFormat = (typeof historyFormats)[number];

/** Neither a service nor a category of the taxonomy is a history: rules are asked that find what they name. */
const shell = LogSource.of({ product: 'linux' });
const powerShell = LogSource.of({ product: 'windows' });

/** By the name of the file alone: a history looks like any text. */
export function historyFormatOf(path: string): HistoryFormat | null {
  const name = basename(path.replaceAll('\\', '/')).toLowerCase();
  if (/consolehost_history\.txt/.test(name) || /^[\w .-]*host_history\.txt/.test(name)) return 'powershell-history';
  if (name.startsWith('fish_history')) return 'fish-history';
  return /^\.?(?:bash|zsh|sh|ash|ksh|csh|tcsh|history|mysql|psql|python|sqlite|rediscli|mongo|node_repl)_?history\b|^\.?history$|^\.histfile$/.test(name) // prettier-ignore
    ? 'shell-history'
    : null;
}

/**
 * Reads a history line by line: `CommandLine`, of PowerShell also `ScriptBlockText`, and the time where the shell has written
 * it: before the command (bash's `#1732442400`), in its line (zsh's `: 1732442400:0;`), or after it (fish's `when:`).
 */
export class HistoryLines {
  readonly #format: HistoryFormat;
  #timeMs: number | null = null;

  constructor(format: HistoryFormat) {
    this.#format = format;
  }

  /** Null for a line that says when a command was given and not what. */
  push(line: string): LineEvent | null {
    if (this.#format === 'powershell-history')
      return lineOf([['CommandLine', line], ['ScriptBlockText', line]], null, powerShell); // prettier-ignore
    if (this.#format === 'fish-history')
      return { ...lineOf([['CommandLine', line.replace(/^- cmd: /, '')]], null, shell), goesOn: true };
    const when = /^#(\d{9,11})$/.exec(line);
    if (when !== null) {
      this.#timeMs = Number(when[1]) * 1000;
      return null;
    }
    const [head, seconds] = /^: (\d{9,11}):\d{1,9};/.exec(line) ?? [];
    const command = head === undefined ? line : line.slice(head.length);
    return lineOf([['CommandLine', command]], seconds === undefined ? this.#timeMs : Number(seconds) * 1000, shell);
  }

  /** The time of a record of several lines, which stands in one of them. */
  static timeOf(record: string): number | null {
    const seconds = /\n {2}when: (\d{9,11})(?:\n|$)/.exec(record)?.[1];
    return seconds === undefined ? null : Number(seconds) * 1000;
  }
}
