import { extname } from 'node:path';
import { isCombinedLine, readCombined } from './combined.js';
import { delimiterOf, readCsv } from './csv.js';
import type { FlatEvent } from './event.js';
import { pairsOf, readKeyValue } from './key-value.js';
import type { ByteSource } from './source.js';
import { isSquidLine, readSquid } from './squid.js';
import type { TextLogOptions } from './text-log.js';
import { isW3cDirective, readW3c } from './w3c.js';

export const textFormats = ['csv', 'key-value', 'squid', 'w3c', 'combined'] as const;
export type TextFormat = (typeof textFormats)[number];

const readers: Readonly<
  Record<TextFormat, (source: ByteSource, options: TextLogOptions) => AsyncGenerator<FlatEvent[]>>
> = { csv: readCsv, 'key-value': readKeyValue, squid: readSquid, w3c: readW3c, combined: readCombined };

export function readTextLog(
  format: TextFormat,
  source: ByteSource,
  options: TextLogOptions,
): AsyncGenerator<FlatEvent[]> {
  return readers[format](source, options);
}

/** Lines of the head that are looked at: a log may begin with a broken one. */
const linesAtMost = 10;

/** What the first lines of a text, or else its name, say. Null for text that is no log of these. */
export function textFormatOf(head: string, name: string): TextFormat | null {
  const lines = head.split(/\r?\n/).filter((line) => line.trim() !== '');
  const some = lines.slice(0, linesAtMost);
  if (some.length === 0 || head.includes('\0')) return null;
  if (some.some(isW3cDirective)) return 'w3c';
  if (some.some(isSquidLine)) return 'squid';
  if (some.some(isCombinedLine)) return 'combined';
  const extension = extname(name).toLowerCase();
  if (extension === '.csv' || extension === '.tsv') return 'csv';
  // The last line of the head may be cut.
  const [first = '', second] = some;
  if (isTable(first, lines.length > 2 ? second : undefined)) return 'csv';
  const paired = some.filter((line) => pairsOf(line).length >= 3).length;
  return paired * 2 > some.length - 1 && paired > 0 ? 'key-value' : null;
}

/** A header of names, and a row with as many columns. */
function isTable(header: string, row: string | undefined): boolean {
  const delimiter = delimiterOf([{ text: header }]);
  const columns = columnsOf(header, delimiter);
  if (columns < 3 || header.includes('=') || row === undefined) return /^sep=.$/.test(header);
  return columnsOf(row, delimiter) === columns;
}

function columnsOf(line: string, delimiter: string): number {
  return line.replace(/"(?:[^"]|"")*"/g, '').split(delimiter).length;
}
