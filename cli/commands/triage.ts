import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { type Command, Option } from 'commander';
import { formatSeconds, systemClock } from '../../base/clock.js';
import { FieldMap, parseFieldMap } from '../../events/field-map.js';
import { type EventFormat, eventFormats, type EventReading, openEvents, openEventStream } from '../../events/read.js';
import { ShapeTable } from '../../events/shapes.js';
import { compareGrades, type Grade, grades } from '../../rules/triage/grade.js';
import { Triage } from '../../rules/triage/triage.js';
import { defaultHomePath } from '../../scanner/state/home.js';
import { CliError } from '../error.js';
import { printFaults } from '../faults.js';
import { collect, parseCount } from '../option.js';
import { exitCodes, hint, note, printable, warn } from '../output.js';
import { startProgress } from '../progress.js';
import { loadMatrices, type MatrixOptions } from '../triage/matrices.js';
import { RankedRows } from '../triage/ranked-rows.js';
import { defaultLimits, type ReportFormat, reportFormats, type TriageTally, writeReport } from '../triage/report.js';
import { rowOf } from '../triage/row.js';

interface TriageOptions extends MatrixOptions {
  readonly format: ReportFormat;
  readonly json?: true;
  readonly out?: string;
  readonly limit?: number;
  readonly minimum: Grade;
  readonly input?: EventFormat;
  readonly field: readonly string[];
}

/** Of each file, so many skips are named; all are counted. */
const namedSkips = 10;

export function registerTriage(program: Command): void {
  program
    .command('triage')
    .description(
      'sort antivirus and web-proxy events, the most relevant first, each with its reasons; exit 3 when one is highly relevant',
    )
    .argument('<file...>', 'EVTX, JSON, CSV, key=value, Squid, W3C or combined logs; - for the standard input')
    .addOption(new Option('--format <format>', 'of the report').choices(reportFormats).default('table'))
    .option('--json', 'the same as --format json')
    .option('--out <file>', 'write the report into a file')
    .option('--limit <count>', 'events in the report; 50 for a table, 1000 for a page, else all', parseCount)
    .addOption(new Option('--minimum <grade>', 'leave out what is below').choices(grades).default('less-relevant'))
    .addOption(new Option('--input <format>', 'what the files are, where it cannot be seen').choices([...eventFormats]))
    .option(
      '--field <name=field>',
      'a name that the matrices know, and the log’s own for it (Signature="Virus name"); may come several times',
      collect,
      [],
    )
    .option(
      '--matrix <path>',
      'matrices of a file or folder in place of the endpoint’s; may come several times',
      collect,
      [],
    )
    .option('--custom <dir>', 'local rules of another folder than custom-signatures/ in the state folder')
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .action(triageAction);
}

async function triageAction(files: readonly string[], options: TriageOptions): Promise<void> {
  const { matrices, faults, origin } = await loadMatrices(options);
  printFaults(faults);
  const map = parseFieldMap(options.field);
  const readings: (EventReading & { readonly name: string })[] = [];
  const shapes = new ShapeTable();
  for (const file of files) readings.push(await openLog(file, options.input, shapes));
  const format = options.json ? 'json' : options.format;
  const limit = options.limit ?? defaultLimits[format];
  const rows = new RankedRows(limit);
  try {
    const tally = await gradeAll(readings, new Triage(matrices), map, options.minimum, rows);
    for (const reading of readings) warnOfSkips(reading);
    refuseNothing(tally);
    await withOutput(options.out, (out) =>
      writeReport(out, rows, {
        format,
        files,
        origin,
        tally,
        limit,
        madeAt: formatSeconds(systemClock.now()),
      }),
    );
    const { counts, other, skipped } = tally;
    note(
      `${counts['highly-relevant']} highly relevant, ${counts.relevant} relevant, ${counts['less-relevant']} less relevant; ` +
        `${other} events of other kinds, ${skipped} lines or records with faults; graded by ${origin}`,
    );
    if (counts['highly-relevant'] > 0) process.exitCode = exitCodes.findings;
  } finally {
    await rows.close();
  }
}

async function openLog(
  file: string,
  format: EventFormat | undefined,
  shapes: ShapeTable,
): Promise<EventReading & { readonly name: string }> {
  const options = { acceptsText: true, shapes, ...(format !== undefined && { format }) };
  const reading = await (file === '-'
    ? openEventStream(process.stdin, 'standard input', options)
    : openEvents(file, options));
  if (reading !== null) return { ...reading, name: file === '-' ? 'standard input' : file };
  throw new CliError('triage-format', `${file}: expected an event log or an export of events, got neither`, {
    hint: 'say what it is with --input',
  });
}

async function gradeAll(
  readings: readonly (EventReading & { readonly name: string })[],
  triage: Triage,
  map: FieldMap,
  minimum: Grade,
  rows: RankedRows,
): Promise<TriageTally> {
  const counts: Record<Grade, number> = { 'highly-relevant': 0, relevant: 0, 'less-relevant': 0 };
  const fieldsSeen = new Set<string>();
  let other = 0;
  for (const reading of readings) {
    const { name, report, totalBytes } = reading;
    const progress = startProgress(printable(name));
    try {
      for await (const batch of reading.batches()) {
        for (const read of batch) {
          const event = map.size === 0 ? read : map.apply(read);
          const graded = triage.grade(event);
          if (graded === null) {
            other++;
            if (fieldsSeen.size < 40) for (const field of event.shape.names) fieldsSeen.add(field);
            continue;
          }
          counts[graded.grade]++;
          if (compareGrades(graded.grade, minimum) >= 0) await rows.add(graded.points, () => rowOf(event, graded));
        }
        progress.update(report.bytes, totalBytes);
      }
    } finally {
      progress.stop();
    }
  }
  const skipped = readings.reduce((sum, { report }) => sum + report.skipped, 0);
  return { counts, other, skipped, fieldsSeen: [...fieldsSeen] };
}

function warnOfSkips({ name, report }: EventReading & { readonly name: string }): void {
  const named = report.named.toSorted((a, b) => a.offset - b.offset).slice(0, namedSkips);
  for (const { message, code, line, offset } of named) {
    const place = line === undefined ? `byte ${offset}: ` : ''; // a message of a text log begins with the line
    warn(printable(`${name}: ${place}${message} (${code})`));
  }
  if (report.skipped > namedSkips) warn(printable(`${name}: ${report.skipped - namedSkips} more faults`));
}

/** Nothing but events of other kinds most often means that the columns have names that nobody knows. */
function refuseNothing({ counts, other, fieldsSeen }: TriageTally): void {
  if (other === 0 || counts['highly-relevant'] + counts.relevant + counts['less-relevant'] > 0) return;
  hint(printable(`the events have the fields ${fieldsSeen.slice(0, 40).join(', ')}`));
  throw new CliError(
    'triage-nothing-graded',
    `events: expected some that a matrix is for, got ${other} of other kinds`,
    {
      hint: 'an antivirus event needs Signature, a proxy event a URL, or a host and a method, client or category: name the columns with --field Signature=COLUMN or --field c-uri=COLUMN',
    },
  );
}

/** The report into a file is there whole or not at all. */
async function withOutput(path: string | undefined, write: (out: Writable) => Promise<void>): Promise<void> {
  if (path === undefined) {
    await write(process.stdout);
    return;
  }
  const temporary = `${path}.part`;
  const out = createWriteStream(temporary, { mode: 0o600 });
  try {
    await write(out);
    out.end();
    await once(out, 'finish');
    await rename(temporary, path);
  } catch (error) {
    out.destroy();
    await rm(temporary, { force: true });
    throw error;
  }
}
