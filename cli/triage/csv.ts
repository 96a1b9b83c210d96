import { pointsOf, type TriageRow, whatOf } from './row.js';

const factColumns = [
  'signature',
  'path',
  'action',
  'method',
  'host',
  'uri',
  'userAgent',
  'category',
  'user',
  'system',
] as const;

export const csvHeader = csvLine([
  'grade',
  'points',
  'time',
  'file',
  'line',
  'sheet',
  'what',
  ...factColumns,
  'counted',
  'reasons',
]);

/** RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvRow(row: TriageRow): string {
  return csvLine([
    row.grade,
    String(row.points),
    row.time ?? '',
    row.file,
    String(row.line ?? row.record ?? ''),
    row.sheet,
    whatOf(row),
    ...factColumns.map((fact) => row.facts[fact] ?? ''),
    pointsOf(row),
    row.reasons.map(({ reason }) => reason).join('; '),
  ]);
}

function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
