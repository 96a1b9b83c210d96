import { createHash } from 'node:crypto';
import { sha256, utf8 } from '../base/bytes.js';
import { type Item, sortItems } from './item.js';

/**
 * What the items are, independent of order, compression and encryption (docs/spec/pack.md, "Content digest"): 64 hex
 * digits.
 *
 * @throws PackError `item-duplicate`
 */
export function contentDigest(items: readonly Item[]): string {
  const hash = createHash('sha256').update('yms1 content\n');
  for (const { kind, id, line } of sortItems(items))
    hash
      .update(withLength(utf8(kind)))
      .update(withLength(utf8(id)))
      .update(sha256(utf8(line)));
  return hash.digest('hex');
}

function withLength(bytes: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(4 + bytes.length);
  framed.writeUInt32BE(bytes.length);
  framed.set(bytes, 4);
  return framed;
}
