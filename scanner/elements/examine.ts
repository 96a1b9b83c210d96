import type { ArchiveFormat, ClosedFormat } from '../input/archive-format.js';
import { ArchiveBudget, isBomb } from '../input/archive-budget.js';
import { isEscaping, memberContent, membersOf } from '../input/archive-content.js';
import { type Content, peek, Tee } from '../input/content.js';
import { type ContentKind, contentKindOf } from './content-kind.js';
import { Digests } from './digests.js';
import type { ElementRule } from './element-rule.js';
import { searchEvents } from './event-search.js';
import type { Examination } from './examination.js';
import { searchLines } from './line-search.js';
import type { Fact, Observation } from './observation.js';
import { stringBlocks, textBlocks } from './text-blocks.js';
import { searchText } from './text-search.js';
import { ElementError } from '../input/diagnostic.js';
import { type Evidence, weigh } from './verdict.js';

const headBytes = 4096;

/** Where a content lies in archives, and what was found in it so far. */
interface Inside {
  readonly budget: ArchiveBudget;
  readonly depth: number;
  readonly evidence: Map<ElementRule, Evidence>;
}

/** Looks at files and what is in them: one pass over the bytes of each, for its hashes and its content. */
export class Examiner {
  readonly #examination: Examination;

  constructor(examination: Examination) {
    this.#examination = examination;
  }

  /** Facts that are an element by themselves: a process, a connection, the name of a link. */
  async observe(observation: Observation): Promise<void> {
    this.#examination.count(observation.element, 1);
    const verdict = this.#examination.judge.judge(observation.facts);
    if (verdict !== null) await this.#examination.found(observation, verdict);
  }

  /** @throws ElementError `file-unreadable`, after what could be read has been looked at */
  async examine(content: Content): Promise<void> {
    await this.#examine(content, new ArchiveBudget(this.#examination.limits, content.size), 0);
  }

  async #examine(content: Content, budget: ArchiveBudget, depth: number): Promise<void> {
    const { judge, diagnostics, maxFileBytes, hashThreads, signal, count, found, read } = this.#examination;
    const { path, size } = content;
    const { head, whole } = await peek(content.chunks, headBytes);
    const kind = contentKindOf(head.subarray(0, headBytes), content);
    const isLog = kind.kind === 'events' || kind.kind === 'lines';
    const isLarge = size !== null && size > maxFileBytes;
    const facts: Fact[] = [{ kind: 'path', name: 'path', value: content.name }];
    const element = content.isMember ? 'archive-member' : 'file';
    const evidence = judge.evidenceIn(facts);
    let end: ElementError | null = null;
    if (isLarge && !isLog) {
      diagnostics.add('file-too-large', path, `${path}: expected at most ${maxFileBytes} bytes, got ${size}`);
      await whole.return(undefined);
    } else {
      const digests = isLarge ? null : new Digests(judge.hashTypes, hashThreads?.forFile(size) ?? null);
      const tee = new Tee(whole, (chunk) => {
        read(chunk.length);
        return digests?.update(chunk);
      });
      try {
        await this.#look(kind, { ...content, chunks: tee.chunks() }, { budget, depth, evidence });
        if (!signal.aborted) await tee.drain();
        const fault = content.fault();
        if (fault !== null) throw fault;
        if (digests !== null && !signal.aborted) facts.push(...(await digests.facts()));
        judge.evidenceIn(facts.slice(1), evidence);
      } catch (thrown) {
        if (!(thrown instanceof ElementError)) throw thrown;
        const error = content.fault() ?? thrown; // an archive inside breaks because its bytes do
        if (content.isMember && isBomb(error)) throw error;
        if (error.code === 'file-unreadable') end = error;
        else diagnostics.addError(error, path);
      } finally {
        await whole.return(undefined);
      }
    }
    count(element, 1);
    const verdict = weigh(evidence);
    if (verdict !== null) await found({ element, path, facts }, verdict);
    if (end !== null) throw end;
  }

  async #look(kind: ContentKind, content: Content, { budget, depth, evidence }: Inside): Promise<void> {
    switch (kind.kind) {
      case 'archive':
        if (depth >= budget.limits.maxDepth) {
          const said = `expected at most ${budget.limits.maxDepth} archives in one another, got more`;
          throw new ElementError('archive-depth', `${content.path}: ${said}`);
        }
        return this.#lookIntoArchive(kind.format, content, budget, depth);
      case 'events':
        return searchEvents(kind, content, this.#examination);
      case 'lines':
        return searchLines(kind, content, this.#examination);
      case 'text':
        return searchText(textBlocks(content.chunks), evidence, this.#examination);
      case 'strings':
        return searchText(stringBlocks(content.chunks), evidence, this.#examination);
    }
  }

  async #lookIntoArchive(
    format: ArchiveFormat | ClosedFormat,
    content: Content,
    budget: ArchiveBudget,
    depth: number,
  ): Promise<void> {
    const { diagnostics, signal } = this.#examination;
    for await (const member of await membersOf(format, content, budget)) {
      if (signal.aborted) return;
      const path = `${content.path}!${member.name}`;
      budget.takeMember(content.path);
      if (isEscaping(member.name)) {
        const said = 'expected a name below the archive, got one that leads out of it';
        diagnostics.add('archive-path', path, `${path}: ${said}`);
      }
      if (member.diagnostic !== null) diagnostics.addError(member.diagnostic, path);
      const { open } = member;
      if (open === null) {
        const link: Fact[] = member.link ? [{ kind: 'path', name: 'link', value: member.link }] : [];
        await this.observe({
          element: 'archive-member',
          path,
          facts: [{ kind: 'path', name: 'path', value: member.name }, ...link],
        });
        continue;
      }
      await this.#examine(memberContent({ ...member, open }, content, budget), budget, depth + 1);
    }
  }
}
