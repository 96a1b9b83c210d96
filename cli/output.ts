/** The voice of the command line: results on stdout, everything else on stderr (docs/scan.md). */
import { CodedError, formatPlace, systemCode } from '../base/error.js';

/** What the process says to the shell when it ends. */
export const exitCodes = {
  fine: 0,
  /** Refused or failed. */
  failed: 1,
  usage: 2,
  /** The work was done, and it found something: scan, lint, test. */
  findings: 3,
  /** Nothing was found, but not everything that was given could be looked at. */
  incomplete: 4,
} as const;

/** One result, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The whole answer of a command run with `--json`, on stdout. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** What a person may like to know and a pipe must not read. */
export function note(text: string): void {
  process.stderr.write(`yms: ${text}\n`);
}

export function warn(text: string): void {
  process.stderr.write(`yms: warning: ${text}\n`);
}

export function hint(text: string): void {
  process.stderr.write(`yms: hint: ${text}\n`);
}

/** Columns as wide as their widest cell, two blanks apart; the last one is left ragged. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text from outside on a terminal: control characters are shown, never obeyed. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

/** The lines that an error ends a command with: what, and what to do about it. A stack is for those who set YMS_DEBUG. */
export function formatError(error: unknown): string {
  if (!(error instanceof CodedError)) return foreignErrorLines(error);
  const place = formatPlace(error.place);
  const where = place === '' || error.message.startsWith(place) ? '' : `${printable(place)}: `;
  const lines = [`yms: error: ${where}${printable(error.message)} (${error.code})`];
  if (error.hint !== undefined) lines.push(`yms: hint: ${printable(error.hint)}`);
  return `${lines.join('\n')}\n`;
}

/** What the system says is told as it is; anything else is a fault of this program. */
function foreignErrorLines(error: unknown): string {
  const code = systemCode(error);
  const message = printable(error instanceof Error ? error.message : String(error));
  const stack = process.env.YMS_DEBUG && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return `yms: error: ${message} (${code})\n${stack}`;
  return `yms: error: unexpected: ${message} (internal)\nyms: hint: YMS_DEBUG=1 shows where; please report it\n${stack}`;
}
