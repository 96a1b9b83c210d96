import { type ArchiveFormat, damaged, gzipMembers, type Member, tarMembers, zipMembers } from './archive.js';
import type { ArchiveBudget } from './archive-budget.js';
import type { Content } from './content.js';
import { ElementError } from './diagnostic.js';

/**
 * The members of a content that is an archive. A ZIP inside another archive is held in memory, as its directory stands at
 * its end.
 *
 * @throws ElementError `archive-damaged`, `file-too-large`
 */
export async function membersOf(
  format: ArchiveFormat,
  content: Content,
  budget: ArchiveBudget,
): Promise<AsyncGenerator<Member>> {
  if (format === 'gzip') return gzipMembers(content.chunks, content.name);
  if (format === 'tar') return tarMembers(content.chunks, content.path);
  if (content.fd !== null && content.size !== null)
    return zipMembers({ fd: content.fd, size: content.size }, content.path);
  return zipMembers(await collect(content, budget.limits.maxHeldBytes), content.path);
}

/** What comes out of a member, taken from the budget. @throws ElementError `archive-damaged`, `archive-too-large` */
export async function* memberChunks(
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
    throw damaged(path, cause);
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
export function isEscaping(name: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name);
}
