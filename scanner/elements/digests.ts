import { createHash } from 'node:crypto';
import { imphashOf, maxImageBytes } from './imphash.js';
import type { Fact } from './observation.js';

/** In the order in which a finding tells them. */
export const hashTypes = ['md5', 'sha1', 'sha256'] as const;

export type HashType = (typeof hashTypes)[number];
export type DigestType = HashType | 'imphash';

/** A hash that is fed piece by piece, here or in another thread. */
export interface StreamHash {
  /** A promise where the next piece should wait for it. */
  update(chunk: Buffer): Promise<void> | undefined;
  /** Hex. */
  digest(): Promise<string> | string;
}

/** All digests of a file that somebody asks for, in one pass over its bytes. */
export class Digests {
  readonly #hashes: readonly (readonly [type: HashType, hash: StreamHash])[];
  /** Of a program, whose import hash is worked out at the end; null for other files. */
  #image: Buffer[] | null;
  #bytes = 0;

  /** @param begin where hashes are computed; null: here */
  constructor(types: ReadonlySet<DigestType>, begin: ((type: HashType) => StreamHash) | null = null) {
    this.#hashes = hashTypes
      .filter((type) => types.has(type))
      .map((type) => [type, (begin ?? hashHere)(type)] as const);
    this.#image = types.has('imphash') ? [] : null;
  }

  update(chunk: Buffer): Promise<void> | undefined {
    const waits: Promise<void>[] = [];
    for (const [, hash] of this.#hashes) {
      const wait = hash.update(chunk);
      if (wait !== undefined) waits.push(wait);
    }
    if (this.#image !== null && this.#bytes === 0 && chunk.toString('latin1', 0, 2) !== 'MZ') this.#image = null;
    this.#bytes += chunk.length;
    if (this.#bytes > maxImageBytes) this.#image = null;
    this.#image?.push(chunk);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  async facts(): Promise<Fact[]> {
    const facts: Fact[] = [];
    for (const [type, hash] of this.#hashes) facts.push({ kind: 'hash', name: type, value: await hash.digest() });
    const imphash = this.#image === null ? null : imphashOf(Buffer.concat(this.#image));
    return imphash === null ? facts : [...facts, { kind: 'imphash', name: 'imphash', value: imphash }];
  }
}

function hashHere(type: HashType): StreamHash {
  const hash = createHash(type);
  return {
    update: (chunk) => {
      hash.update(chunk);
      return undefined;
    },
    digest: () => hash.digest('hex'),
  };
}
