import { type ArchiveBudget, isBomb } from './archive-budget.js';
import { memberContent, membersOf } from './archive-content.js';
import {
  archiveFormatOf,
  archiveHeadBytes,
  type ArchiveFormat,
  type ClosedFormat,
  isCompression,
} from './archive-format.js';
import { type Content, peek } from './content.js';
import { type Diagnostics, ElementError } from './diagnostic.js';

export interface Unpacking {
  readonly budget: ArchiveBudget;
  /** Takes what could not be opened, or not to its end. */
  readonly diagnostics: Diagnostics;
  readonly signal: AbortSignal;
}

export interface InnerContent extends Content {
  /** Whether it is the outermost file itself, only smaller there: not one of several members. */
  readonly isWhole: boolean;
}

/**
 * What stands in an archive and is none itself, in its order and however deep, each to be read before the next is asked for.
 * What nobody reads of it is passed over.
 */
export function innerContents(
  format: ArchiveFormat | ClosedFormat,
  content: Content,
  unpacking: Unpacking,
): AsyncGenerator<InnerContent> {
  return unpack(format, { ...content, isWhole: true }, unpacking, 0);
}

async function* unpack(
  format: ArchiveFormat | ClosedFormat,
  outer: InnerContent,
  unpacking: Unpacking,
  depth: number,
): AsyncGenerator<InnerContent> {
  const { budget, diagnostics, signal } = unpacking;
  const isWhole = outer.isWhole && isCompression(format);
  try {
    if (depth >= budget.limits.maxDepth) {
      const said = `expected at most ${budget.limits.maxDepth} archives in one another, got more`;
      throw new ElementError('archive-depth', `${outer.path}: ${said}`);
    }
    for await (const member of await membersOf(format, outer, budget)) {
      if (signal.aborted) return;
      budget.takeMember(outer.path);
      if (member.diagnostic !== null) diagnostics.addError(member.diagnostic, `${outer.path}!${member.name}`);
      const { open } = member;
      if (open === null) continue;
      const inner = { ...memberContent({ ...member, open }, outer, budget), isWhole };
      const { head, whole } = await peek(inner.chunks, archiveHeadBytes);
      const innerFormat = archiveFormatOf(head, inner.name);
      if (innerFormat === null) yield { ...inner, chunks: whole };
      else yield* unpack(innerFormat, { ...inner, chunks: whole }, unpacking, depth + 1);
      await whole.return(undefined);
      const fault = inner.fault();
      if (fault === null) continue;
      if (isBomb(fault)) throw fault;
      diagnostics.addError(fault, inner.path);
    }
  } catch (error) {
    if (!(error instanceof ElementError) || error.code === 'file-unreadable') throw error;
    if (depth > 0 && isBomb(error)) throw error;
    if (outer.fault() === null || isBomb(error)) diagnostics.addError(error, outer.path); // else its bytes broke, and say so
  }
}
