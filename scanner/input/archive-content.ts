import { compressedMember, damaged, type Member, tarMembers, zipMembers } from './archive.js';
import type { ArchiveBudget } from './archive-budget.js';
import { type ArchiveFormat, type ClosedFormat, isClosed, isCompression } from './archive-format.js';
import type { Content } from './content.js';
import { ElementError } from './diagnostic.js';
import { libarchiveMembers } from './libarchive.js';
import { rpmMembers } from './rpm.js';

/**
 * The members of a content that is an archive, to be opened one after the other. What has its directory at its end is held in
 * memory, other than a ZIP on a disk.
 *
 * @throws ElementError `archive-damaged`, `archive-encrypted`, `archive-method`, `file-too-large`
 */
export async function membersOf(
  format: ArchiveFormat | ClosedFormat,
  content: Content,
  budget: ArchiveBudget,
): Promise<AsyncGenerator<Member>> {
  const { chunks, path, fd, size } = content;
  if (isClosed(format))
    throw new ElementError('archive-method', `${path}: expected a format that can be opened, got ${format}`);
  if (isCompression(format)) return compressedMember(format, content);
  if (format === 'tar') return tarMembers(chunks, path);
  if (format === 'rpm') return rpmMembers(chunks, path);
  if (format === 'zip' && fd !== null && size !== null) return zipMembers({ fd, size }, path);
  const { maxHeldBytes, maxHeldFileBytes } = budget.limits;
  const held = await collect(content, content.isMember ? maxHeldBytes : maxHeldFileBytes);
  return format === 'zip' ? zipMembers(held, path) : libarchiveMembers(held, path);
}

/**
 * A member as content. Its bytes, taken from the budget, end where they cannot be read on: what came is looked at all the same,
 * and {@link Content.fault} then says why.
 */
export function memberContent(
  { name, open, modifiedMs }: Member & { readonly open: NonNullable<Member['open']> },
  outer: Content,
  budget: ArchiveBudget,
): Content {
  const path = `${outer.path}!${name}`;
  let fault: ElementError | null = null;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of await open()) {
        budget.takeBytes(chunk.length, path);
        yield chunk;
      }
    } catch (cause) {
      fault = damaged(path, cause);
    }
  };
  return {
    ...{ path, name, isMember: true, size: null, fd: null, chunks: chunks() },
    modifiedMs: modifiedMs ?? outer.modifiedMs,
    fault: () => fault,
  };
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
        `${path}: expected at most ${maxBytes} bytes to hold in memory, got more`,
      );
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

/** Nothing is ever written, so such a name does no harm here; whoever made it meant harm elsewhere. */
export function isEscaping(name: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name);
}
