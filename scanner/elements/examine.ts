import { CodedError } from '../../base/error.js';
import { type EventReading, openEventStream } from '../../events/read.js';
import { type ShapeTable } from '../../events/shapes.js';
import { textFormatOf, type TextFormat } from '../../events/text-format.js';
import { parseSyslogHead } from '../../events/syslog.js';
import type { ReadReport } from '../../events/report.js';
import {
  archiveFormatOf,
  type ArchiveFormat,
  damaged,
  gzipMembers,
  type Member,
  tarMembers,
  zipMembers,
} from './archive.js';
import { ArchiveBudget, type ArchiveLimits, isBomb } from './archive-budget.js';
import { type Content, peek, Tee } from './content.js';
import { Digests } from './digests.js';
import { decodedText, factsOfEvent } from './event-facts.js';
import type { ElementRule, Judge } from './judge.js';
import { factsOfLine } from './line-facts.js';
import type { Fact, Observation } from './observation.js';
import { isRegistryExport, isResolverCache, type LineElement, lineElementOf } from './places.js';
import { RegistryExport } from './registry-export.js';
import type { ElementKind, FactKind } from './table.js';
import { linesOf, stringBlocks, type TextBlock, textBlocks } from './text-blocks.js';
import { ElementError, type Troubles } from './trouble.js';
import { type Evidence, weigh, type Verdict } from './verdict.js';

export interface ExamineOptions {
  readonly judge: Judge;
  readonly shapes: ShapeTable;
  readonly troubles: Troubles;
  readonly limits: ArchiveLimits;
  /** Of a file or member whose hashes and strings are looked at; logs have no limit. */
  readonly maxFileBytes: number;
  readonly signal: AbortSignal;
  /** An element that was found to be of weight. The reading waits for it. */
  found(observation: Observation, verdict: Verdict): Promise<void> | void;
  /** Elements looked at, of any weight. */
  count(element: ElementKind, elements: number): void;
  read(bytes: number): void;
}

const headBytes = 4096;

const elementOfFormat: Readonly<Record<TextFormat, ElementKind>> = {
  csv: 'network-log',
  'key-value': 'network-log',
  squid: 'network-log',
  w3c: 'network-log',
  combined: 'network-log',
  zeek: 'zeek-log',
  'linux-audit': 'event',
  'sysmon-linux': 'event',
  dnsmasq: 'resolver-log',
  unbound: 'resolver-log',
  bind: 'resolver-log',
  syslog: 'text-log',
};

/** What an event may hold that its text does not show: put together from fields, or told by a field's name alone. */
const fieldKinds: ReadonlySet<FactKind> = new Set(['url', 'port', 'pipe', 'handle']);

type What =
  | { readonly kind: 'archive'; readonly format: ArchiveFormat }
  | { readonly kind: 'events'; readonly element: ElementKind; readonly format: 'evtx' | 'json' | TextFormat }
  | { readonly kind: 'lines'; readonly element: LineElement; readonly isSyslog: boolean }
  | { readonly kind: 'text' }
  | { readonly kind: 'strings' };

/** Looks at files and what is in them: one pass over the bytes of each, for its hashes and its content. */
export class Examiner {
  readonly #options: ExamineOptions;

  constructor(options: ExamineOptions) {
    this.#options = options;
  }

  /** Facts that are an element by themselves: a process, a connection, the name of a link. */
  async observe(observation: Observation): Promise<void> {
    this.#options.count(observation.element, 1);
    const verdict = this.#options.judge.judge(observation.facts);
    if (verdict !== null) await this.#options.found(observation, verdict);
  }

  async examine(content: Content): Promise<void> {
    await this.#examine(content, new ArchiveBudget(this.#options.limits, content.size), 0);
  }

  async #examine(content: Content, budget: ArchiveBudget, depth: number): Promise<void> {
    const { judge, troubles, maxFileBytes } = this.#options;
    const { path, size } = content;
    const { head, whole } = await peek(content.chunks, headBytes);
    const what = whatIs(head.subarray(0, headBytes), content.name);
    const isLog = what.kind === 'events' || what.kind === 'lines';
    const facts: Fact[] = [{ kind: 'path', name: 'path', value: content.name }];
    const element = content.isMember ? 'archive-member' : 'file';
    const evidence = judge.evidenceIn(facts);
    if (size !== null && size > maxFileBytes && !isLog) {
      troubles.add('file-too-large', path, `${path}: expected at most ${maxFileBytes} bytes, got ${size}`);
      await whole.return(undefined);
    } else {
      const digests = size !== null && size > maxFileBytes ? null : new Digests(judge.hashTypes);
      const tee = new Tee(whole, (chunk) => {
        digests?.update(chunk);
        this.#options.read(chunk.length);
      });
      try {
        await this.#look(what, { ...content, chunks: tee.chunks() }, { budget, depth, evidence });
        if (!this.#options.signal.aborted) await tee.drain();
        if (digests !== null && !this.#options.signal.aborted) facts.push(...digests.facts());
        judge.evidenceIn(facts.slice(1), evidence);
      } catch (error) {
        if (!(error instanceof ElementError) || (content.isMember && isBomb(error))) throw error;
        troubles.addError(error, path);
      } finally {
        await whole.return(undefined);
      }
    }
    this.#options.count(element, 1);
    const verdict = weigh(evidence);
    if (verdict !== null) await this.#options.found({ element, path, facts }, verdict);
  }

  async #look(what: What, content: Content, { budget, depth, evidence }: Inside): Promise<void> {
    switch (what.kind) {
      case 'archive':
        if (depth >= budget.limits.maxDepth) {
          const said = `expected at most ${budget.limits.maxDepth} archives in one another, got more`;
          throw new ElementError('archive-depth', `${content.path}: ${said}`);
        }
        return this.#lookIntoArchive(what.format, content, budget, depth);
      case 'events':
        return this.#lookAtEvents(what.element, what.format, content);
      case 'lines':
        return this.#lookAtLines(what.element, what.isSyslog, content);
      case 'text':
        return this.#search(textBlocks(content.chunks), evidence);
      case 'strings':
        return this.#search(stringBlocks(content.chunks), evidence);
    }
  }

  /** Strings count for the file that they are in. */
  async #search(blocks: AsyncGenerator<TextBlock>, evidence: Map<ElementRule, Evidence>): Promise<void> {
    const { judge, signal } = this.#options;
    this.#options.count('strings', 1);
    for await (const block of blocks) {
      if (signal.aborted) return;
      if (!judge.mayMatch(block.text)) continue;
      for (const { text, number } of linesOf(block)) {
        if (!judge.mayMatch(text)) continue;
        const name = block.line === 0 ? 'string' : `line ${number}`;
        judge.evidenceIn([{ kind: 'text', name, value: text }], evidence);
      }
    }
  }

  async #lookAtLines(element: LineElement, isSyslog: boolean, { path, chunks }: Content): Promise<void> {
    const { judge, signal } = this.#options;
    const registry = element === 'registry-export' ? new RegistryExport() : null;
    for await (const block of textBlocks(chunks)) {
      if (signal.aborted) return;
      let lines = 0;
      if (registry === null && !judge.mayMatch(block.text)) {
        this.#options.count(element, 1);
        continue;
      }
      for (const { text, number } of linesOf(block)) {
        lines++;
        const entry = registry === null ? { facts: null, line: number } : registry.push(text, number);
        if (entry === null || (entry.facts === null && !judge.mayMatch(text))) continue;
        const facts = entry.facts ?? factsOfLine(element, text);
        const verdict = judge.judge(facts);
        if (verdict === null) continue;
        const head = isSyslog ? parseSyslogHead(text) : null;
        const where = head === null ? {} : { timeMs: head.timeMs, computer: head.host };
        await this.#options.found({ element, path, facts, line: entry.line, ...where }, verdict);
      }
      this.#options.count(element, lines);
    }
  }

  async #lookAtEvents(element: ElementKind, format: 'evtx' | 'json' | TextFormat, content: Content): Promise<void> {
    const { judge, shapes, signal, troubles } = this.#options;
    const { path } = content;
    let reading: EventReading | null;
    try {
      reading = await openEventStream(content.chunks, path, { shapes, format });
      for await (const events of reading?.batches() ?? []) {
        if (signal.aborted) return;
        this.#options.count(element, events.length);
        for (const event of events) {
          const mayMatch = judge.mayMatch(event.text) || judge.mayMatch(decodedText(event));
          if (!mayMatch && !judge.needsFields) continue;
          const facts = factsOfEvent(event).filter(({ kind }) => mayMatch || fieldKinds.has(kind));
          const verdict = judge.judge(facts);
          if (verdict === null) continue;
          const { timeMs, channel, recordId, computer, lineNumber } = event;
          const line = lineNumber === null ? {} : { line: lineNumber };
          await this.#options.found({ element, path, facts, timeMs, channel, recordId, computer, ...line }, verdict);
        }
      }
    } catch (cause) {
      if (!(cause instanceof CodedError) || cause instanceof ElementError) throw cause;
      throw new ElementError('log-damaged', `${path}: expected an event log, got ${cause.message}`, { cause });
    }
    if (reading !== null) tellSkips(reading.report, path, troubles);
  }

  async #lookIntoArchive(format: ArchiveFormat, content: Content, budget: ArchiveBudget, depth: number): Promise<void> {
    const { troubles, signal } = this.#options;
    for await (const member of await this.#membersOf(format, content, budget)) {
      if (signal.aborted) return;
      const path = `${content.path}!${member.name}`;
      budget.takeMember(content.path);
      if (isEscaping(member.name)) {
        const said = 'expected a name below the archive, got one that leads out of it';
        troubles.add('archive-path', path, `${path}: ${said}`);
      }
      if (member.trouble !== null) troubles.addError(member.trouble, path);
      if (member.open === null) {
        const link: Fact[] = member.link ? [{ kind: 'path', name: 'link', value: member.link }] : [];
        await this.observe({
          element: 'archive-member',
          path,
          facts: [{ kind: 'path', name: 'path', value: member.name }, ...link],
        });
        continue;
      }
      const chunks = counted(member.open, budget, path);
      await this.#examine(
        { path, name: member.name, isMember: true, size: null, chunks, file: null },
        budget,
        depth + 1,
      );
    }
  }

  async #membersOf(format: ArchiveFormat, content: Content, budget: ArchiveBudget): Promise<AsyncGenerator<Member>> {
    if (format === 'gzip') return gzipMembers(content.chunks, content.name);
    if (format === 'tar') return tarMembers(content.chunks, content.path);
    if (content.file !== null && content.size !== null)
      return zipMembers({ file: content.file, size: content.size }, content.path);
    return zipMembers(await collect(content, budget.limits.maxHeldBytes), content.path);
  }
}

interface Inside {
  readonly budget: ArchiveBudget;
  readonly depth: number;
  readonly evidence: Map<ElementRule, Evidence>;
}

/** What the first bytes and the name say. */
export function whatIs(head: Buffer, name: string): What {
  const archive = archiveFormatOf(head);
  if (archive !== null) return { kind: 'archive', format: archive };
  if (head.toString('latin1', 0, 8) === 'ElfFile\0') return { kind: 'events', element: 'event', format: 'evtx' };
  const isWide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (!isWide && head.includes(0)) return { kind: 'strings' };
  const text = new TextDecoder(!isWide ? 'utf-8' : head[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(head);
  const place = lineElementOf(name);
  if (isRegistryExport(text)) return { kind: 'lines', element: 'registry-export', isSyslog: false };
  if (isResolverCache(text)) return { kind: 'lines', element: 'resolver-cache', isSyslog: false };
  if (place !== null && place !== 'text-log') return { kind: 'lines', element: place, isSyslog: false };
  if (isJsonLog(text, name)) return { kind: 'events', element: 'event', format: 'json' };
  const format = textFormatOf(text, name);
  if (format === 'syslog') return { kind: 'lines', element: 'text-log', isSyslog: true };
  if (format !== null) return { kind: 'events', element: elementOfFormat[format], format };
  return place === null ? { kind: 'text' } : { kind: 'lines', element: place, isSyslog: false };
}

/** Not any JSON: settings and packages are files as others are. */
function isJsonLog(text: string, name: string): boolean {
  if (!/^\s*(?:\[\s*)?\{\s*["}]/.test(text)) return false;
  if (/\.(?:jsonl|ndjson)$/i.test(name)) return true;
  return /"(?:Event|winlog|EventID|EventId|event_id|@timestamp|Channel|eventTime|Records|TimeCreated|timestamp|ts)"\s*:/.test(
    text,
  );
}

/** @throws ElementError `archive-damaged`, `archive-too-large` */
async function* counted(
  open: NonNullable<Member['open']>,
  budget: ArchiveBudget,
  path: string,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of await open()) {
      budget.takeBytes(chunk.length, path);
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof ElementError ? cause : damaged(path, cause);
  }
}

/** @throws ElementError `file-too-large` */
async function collect({ chunks, path }: Content, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new ElementError(
        'file-too-large',
        `${path}: expected an inner archive of at most ${maxBytes} bytes, got more`,
      );
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

/** Nothing is ever written, so such a name does no harm here; whoever made it meant harm elsewhere. */
function isEscaping(name: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name);
}

function tellSkips(report: ReadReport, path: string, troubles: Troubles): void {
  const [first] = report.named;
  if (first === undefined || report.skipped === 0) return;
  const counts = [...report.counts].map(([code, count]) => `${count} ${code}`).join(', ');
  troubles.add('log-lines', path, `${path}: expected events alone, got ${counts}; the first: ${first.message}`);
}
