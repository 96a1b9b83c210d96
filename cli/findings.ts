/** How a scan looks to people: each finding as a few lines, the summary at the end. */
import { styleText } from 'node:util';
import type { FieldValue } from '../events/event.js';
import { type Level, levels } from '../rules/sigma/metadata.js';
import type { Grade, Reason } from '../rules/triage/grade.js';
import type { Finding } from '../scanner/findings/finding.js';
import type { ScanSummary } from '../scanner/scan/summary.js';
import { printable, table } from './output.js';
import { gradeWords } from './triage/row.js';

type Style = Extract<Parameters<typeof styleText>[0], string>;

const levelStyles: Readonly<Record<Level, readonly Style[]>> = {
  critical: ['bold', 'white', 'bgRed'],
  high: ['bold', 'red'],
  medium: ['yellow'],
  low: ['cyan'],
  informational: ['gray'],
};

/** Values longer than this are cut in the readable form; `--json` has them whole. */
const maxShown = 400;
const maxReasonsShown = 10;

/** Plain text where stdout is no terminal or NO_COLOR is set; Node 20 asks for that only when given one style. */
function style(styles: readonly Style[], text: string): string {
  return styles.reduce((styled, one) => styleText(one, styled, { stream: process.stdout }), text);
}

function levelWord(level: Level): string {
  return style(levelStyles[level], level.toUpperCase());
}

export function findingLines(finding: Finding): string {
  const { level, title, ruleId, author, source, matched, element, triage, ...event } = finding;
  const record = event.recordId === null ? [] : [`#${event.recordId}`];
  const where = [event.time, event.computer, event.channel, ...record].filter((part) => part !== null);
  const from = [source.pack, source.version, source.file].filter((part) => part !== null).join(' ');
  const found = element
    ? [element.kind, ...(element.line ? [`line ${element.line}`] : []), `score ${element.score}`]
    : [];
  const graded = triage ? `: ${gradeWords[triage.grade]}, ${plural(triage.points, 'point')}` : '';
  const file = [event.file, event.line].filter((part) => part !== null && part !== undefined).join(':');
  const by = author === null ? '' : ` by ${author}`;
  const lines = [
    `${levelWord(level)} ${style(['bold'], printable(title) + graded)}`,
    ...(where.length > 0 ? [`  ${printable(where.join('  '))}`] : []),
    ...(found.length > 0 ? [`  ${found.join('  ')}`] : []),
    ...(event.events ? [`  ${event.events.count} events since ${event.events.firstTime ?? 'an unknown time'}`] : []),
    ...(file === '' ? [] : [`  ${printable(file)}`]),
    ...Object.entries(matched).map(
      ([name, value]) => `    ${style(['dim'], `${printable(name)}:`)} ${valueWords(value)}`,
    ),
    ...(triage?.reasons ?? []).filter(({ points }) => points !== 0).map((reason) => reasonLine(reason, from)),
    style(['dim'], `  rule ${printable(ruleId)}${printable(by)}${from === '' ? '' : ` (${printable(from)})`}`),
    ...(element?.reasons ?? [])
      .filter((reason) => reason.ruleId !== ruleId)
      .slice(0, maxReasonsShown)
      .map((reason) => style(['dim'], `    ${signed(reason.score)} ${printable(reason.ruleId)}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Where the points come from is said where that is not the matrix itself. */
function reasonLine({ points, attribute, value, reason, from }: Reason, matrixFrom: string): string {
  const changed = from === matrixFrom ? '' : style(['dim'], ` (${printable(from)})`);
  return `  ${signed(points).padStart(5)} ${printable(`${attribute}/${value}: ${reason}`)}${changed}`;
}

function signed(points: number): string {
  return points > 0 ? `+${points}` : String(points);
}

function valueWords(value: FieldValue): string {
  const text = printable(Array.isArray(value) ? value.map(String).join(', ') : String(value));
  return text.length > maxShown ? `${text.slice(0, maxShown)}… (${text.length} characters)` : text;
}

export function summaryLines(summary: ScanSummary, seconds: number): string {
  const { findings, byLevel, byRule, events, files, rules, passedOver } = summary;
  const found = [...levels].reverse().filter((level) => byLevel[level] > 0);
  const counts = found.map((level) => `${levelWord(level)} ${byLevel[level]}`);
  const logs =
    summary.elements && files === 0
      ? plural(summary.elements.files, 'file')
      : `${plural(events, 'event')} of ${plural(files, 'log')}`;
  const lines = [
    `${style(['bold'], plural(findings, 'finding'))} in ${logs}, by ${plural(rules, 'rule')}, ${seconds.toFixed(1)} s`,
    ...(counts.length > 0 ? [`  ${counts.join('   ')}`] : []),
  ];
  if (byRule.length > 0)
    lines.push(
      table(
        byRule.map((rule) => [
          `  ${String(rule.findings).padStart(6)}`,
          rule.level,
          printable(rule.title),
          rule.ruleId,
        ]),
      ),
    );
  if (summary.elements) {
    const examined = Object.entries(summary.elements.examined).map(([kind, count]) => `${kind} ${count}`);
    lines.push(`  looked at for indicators and pools: ${examined.join(', ')}`);
  }
  const graded = (Object.entries(summary.graded ?? {}) as [Grade, number][]).filter(([, count]) => count > 0).reverse();
  if (graded.length > 0)
    lines.push(`  graded: ${graded.map(([grade, count]) => `${count} ${gradeWords[grade]}`).join(', ')}`);
  if (passedOver > 0) lines.push(`  ${plural(passedOver, 'file')} passed over: no event logs`);
  if (summary.incomplete.length > 0)
    lines.push(`  incomplete: ${summary.incomplete.map(({ code, count }) => `${count} ${code}`).join(', ')}`);
  return lines.join('\n');
}

/** What kept the scan from seeing everything. */
export function shortcomings({
  skipped,
  failures,
  flags,
  correlations,
  unmapped,
  elements,
  incomplete,
  isInterrupted,
}: ScanSummary): string[] {
  const { late, forgotten, unresolved } = correlations;
  const lines = flags.map(
    ({ subject, message, code }) => `${subject === 'endpoint' ? '' : `${subject}: `}${message} (${code})`,
  );
  for (const { path, message, code } of failures)
    lines.push(`${message.startsWith(path) ? '' : `${path}: `}${message} (${code})`);
  for (const { file, counts, named } of skipped) {
    const [first] = named;
    const kinds = Object.entries(counts).map(([code, count]) => `${count} ${code}`);
    const example = first ? `; the first at byte ${first.offset}: ${first.message}` : '';
    lines.push(`${file}: records skipped: ${kinds.join(', ')}${example}`);
  }
  for (const [code, count] of Object.entries(elements?.diagnostics ?? {})) {
    const first = elements?.named.find((diagnostic) => diagnostic.code === code);
    lines.push(`${first?.message ?? code} (${code}${count > 1 ? `, and ${count - 1} more` : ''})`);
  }
  const told = new Set([
    ...failures.map(({ code }) => code),
    ...skipped.flatMap(({ counts }) => Object.keys(counts)),
    ...Object.keys(elements?.diagnostics ?? {}),
    'interrupted',
    'rules-refused', // each is told as it is loaded
  ]);
  for (const { code, count, named } of incomplete.filter((gap) => !told.has(gap.code)))
    lines.push(`${named[0] ?? code} (${code}${count > 1 ? `, and ${count - 1} more` : ''})`);
  if (unmapped.length > 0) {
    const [first] = unmapped;
    const more = unmapped.length > 1 ? `, and ${unmapped.length - 1} more` : '';
    lines.push(`rules of log sources that no log is known to be of: "${first?.title}" (${first?.logSource})${more}`);
  }
  for (const { ruleId, reference } of unresolved)
    lines.push(`correlation ${ruleId}: can never match, because of its rule "${reference}"`);
  if (late + forgotten > 0)
    lines.push(`correlations: ${late} matches came too late to be put in order, ${forgotten} were given up for memory`);
  if (isInterrupted) lines.push('interrupted: the logs were not read to their end');
  return lines.map(printable);
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
