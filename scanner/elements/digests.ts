import { createHash, type Hash } from 'node:crypto';
import { imphashOf, maxImageBytes } from './imphash.js';
import type { Fact } from './observation.js';

export type DigestType = 'md5' | 'sha1' | 'sha256' | 'imphash';

/** All digests of a file that somebody asks for, in one pass over its bytes. */
export class Digests {
  readonly #hashes: readonly (readonly [type: DigestType, hash: Hash])[];
  /** Of a program, whose import hash is worked out at the end; null for other files. */
  #image: Buffer[] | null;
  #bytes = 0;

  constructor(types: ReadonlySet<DigestType>) {
    this.#hashes = (['md5', 'sha1', 'sha256'] as const)
      .filter((type) => types.has(type))
      .map((type) => [type, createHash(type)] as const);
    this.#image = types.has('imphash') ? [] : null;
  }

  update(chunk: Buffer): void {
    for (const [, hash] of this.#hashes) hash.update(chunk);
    if (this.#image !== null && this.#bytes === 0 && chunk.toString('latin1', 0, 2) !== 'MZ') this.#image = null;
    this.#bytes += chunk.length;
    if (this.#bytes > maxImageBytes) this.#image = null;
    this.#image?.push(chunk);
  }

  facts(): Fact[] {
    const facts = this.#hashes.map(([type, hash]): Fact => ({ kind: 'hash', name: type, value: hash.digest('hex') }));
    const imphash = this.#image === null ? null : imphashOf(Buffer.concat(this.#image));
    return imphash === null ? facts : [...facts, { kind: 'imphash', name: 'imphash', value: imphash }];
  }
}
