import { parseEventXml } from './event-xml.js';
import type { FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { readTextLines, type TextLine } from './text-lines.js';
import { lineEvent, type LineEvent, plainLine, quote, type TextLogOptions } from './text-log.js';

/** A longer event is given up: its lines are lines. */
const maxEventUnits = 4 * 1024 * 1024;

/** What stands around events: the declaration, `<Events>` and its end. */
const around = /^(?:\s*(?:<\?[^>]*\?>|<\/?Events[^>]*>|<!--.*?-->))*\s*$/;

/**
 * The events of an export in XML: `wevtutil qe /f:xml`, the Event Viewer's, events one after the other with or without an
 * element around them, in one line or in many. What is no whole event is lines of text; it is counted and named.
 */
export async function* readEventXml(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const { report } = options;
  const reader = new XmlReader(options);
  for await (const lines of readTextLines(source, report)) {
    for (const line of lines) reader.line(line);
    yield* taken(reader, options);
  }
  reader.end();
  yield* taken(reader, options);
}

function* taken(reader: XmlReader, { report }: TextLogOptions): Generator<FlatEvent[]> {
  const batch = reader.take();
  report.events += batch.length;
  if (batch.length > 0) yield batch;
}

class XmlReader {
  readonly #options: TextLogOptions;
  /** Lines of the event in hand; the first begins with it. */
  #open: TextLine[] = [];
  #units = 0;
  #batch: FlatEvent[] = [];

  constructor(options: TextLogOptions) {
    this.#options = options;
  }

  take(): FlatEvent[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }

  line(line: TextLine): void {
    let rest = line;
    for (;;) {
      if (this.#open.length === 0) {
        const start = rest.text.search(/<Event[\s>]/);
        const before = start < 0 ? rest.text : rest.text.slice(0, start);
        if (!around.test(before)) this.#plain({ ...rest, text: before });
        if (start < 0) return;
        rest = { ...rest, text: rest.text.slice(start) };
      }
      const end = rest.text.indexOf('</Event>');
      if (end < 0) {
        this.#open.push(rest);
        this.#units += rest.text.length;
        if (this.#units > maxEventUnits) this.end();
        return;
      }
      this.#open.push({ ...rest, text: rest.text.slice(0, end + 8) });
      this.#finish();
      rest = { ...rest, text: rest.text.slice(end + 8) };
      if (rest.text.trim() === '') return;
    }
  }

  /** What is left open is no event. */
  end(): void {
    const [first] = this.#open;
    if (first === undefined) return;
    const { report } = this.#options;
    report.skip('xml-syntax', first.offset, `line ${first.number}: expected a whole event, got ${quote(first.text)}`, first.number); // prettier-ignore
    for (const line of this.#open) this.#plain(line);
    this.#open = [];
    this.#units = 0;
  }

  #finish(): void {
    const [first] = this.#open;
    const text = this.#open.map((line) => line.text).join('\n');
    const event = parseEventXml(text);
    if (event === null || first === undefined) {
      this.end();
      return;
    }
    this.#open = [];
    this.#units = 0;
    this.#emit(event, { ...first, text: null });
  }

  #plain(line: TextLine): void {
    if (line.text.trim() !== '') this.#emit(plainLine(line.text), line);
  }

  /** The text of an event is its values, as it is for those of EVTX. */
  #emit(
    { names, values, timeMs, logSource }: LineEvent,
    { text, number }: { text: string | null; number: number },
  ): void {
    const { shapes, name } = this.#options;
    this.#batch.push(lineEvent(shapes.layoutOf(names), values, timeMs, name, { text, number }, logSource ?? null));
  }
}
