import { CodedError } from '../../base/error.js';
import { type EventReading, openEventStream } from '../../events/read.js';
import { readingOf } from '../../events/text-format.js';
import type { ReadReport } from '../../events/report.js';
import type { Content } from '../input/content.js';
import type { ContentKind } from './content-kind.js';
import { decodedText, factsOfEvent } from './event-facts.js';
import type { Examination } from './examination.js';
import type { FactKind } from '../findings/element-table.js';
import { ElementError, type Diagnostics } from '../input/diagnostic.js';

/** What an event may hold that its text does not show: put together from fields, or told by a field's name alone. */
const fieldKinds: ReadonlySet<FactKind> = new Set(['url', 'port', 'pipe', 'handle']);

/**
 * Each event of a log is an element.
 *
 * @throws ElementError `log-damaged` for a log that cannot be read to its end
 */
export async function searchEvents(
  { element, format }: Extract<ContentKind, { readonly kind: 'events' }>,
  { path, chunks }: Content,
  { judge, shapes, signal, diagnostics, count, found }: Examination,
): Promise<void> {
  let reading: EventReading | null;
  try {
    reading = await openEventStream(chunks, path, { shapes, format: readingOf(format) });
    for await (const events of reading?.batches() ?? []) {
      if (signal.aborted) return;
      count(element, events.length);
      for (const event of events) {
        const mayMatch = judge.mayMatch(event.text) || judge.mayMatch(decodedText(event));
        if (!mayMatch && !judge.needsFields) continue;
        const facts = factsOfEvent(event).filter(({ kind }) => mayMatch || fieldKinds.has(kind));
        const verdict = judge.judge(facts);
        if (verdict === null) continue;
        const { timeMs, channel, recordId, computer, lineNumber } = event;
        const line = lineNumber === null ? {} : { line: lineNumber };
        await found({ element, path, facts, timeMs, channel, recordId, computer, ...line }, verdict);
      }
    }
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause instanceof ElementError) throw cause;
    throw new ElementError('log-damaged', `${path}: expected an event log, got ${cause.message}`, { cause });
  }
  if (reading !== null) tellSkips(reading.report, path, diagnostics);
}

function tellSkips(report: ReadReport, path: string, diagnostics: Diagnostics): void {
  const [first] = report.named;
  if (first === undefined || report.skipped === 0) return;
  const counts = [...report.counts].map(([code, count]) => `${count} ${code}`).join(', ');
  diagnostics.add('log-lines', path, `${path}: expected events alone, got ${counts}; the first: ${first.message}`);
}
