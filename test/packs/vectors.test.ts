import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeHex } from '../../base/bytes.js';
import { publicKey } from '../../keys/key.js';
import { newSealingKey, openerOf } from '../../keys/sealing.js';
import { openContentKey, openPack, type PackPolicy, readPack, verifyPack } from '../../packs/pack.js';
import { expectCode } from '../support/expect-code.js';
import { makeVectors } from '../vectors/pack/generator/vectors.js';

const folder = new URL('../vectors/pack/', import.meta.url);
const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.includes('.'))
  .map(({ name }) => name);

interface Vector {
  readonly bytes: Uint8Array;
  readonly all: (name: string) => string[];
  readonly get: (name: string) => string | undefined;
}

function parseVector(file: Uint8Array): Vector {
  const end = Buffer.from(file).indexOf('\n\n');
  const lines = Buffer.from(file.subarray(0, end)).toString('utf8').split('\n');
  const pairs = lines.map((line) => line.split(': ', 2) as [string, string]);
  const all = (name: string) => pairs.filter(([given]) => given === name).map(([, value]) => value);
  return { bytes: file.subarray(end + 2), all, get: (name) => all(name)[0] };
}

/** Every step of docs/spec/pack.md, "Reading, in order"; null for a file that is no pack. */
async function read({ bytes, all, get }: Vector) {
  const unverified = readPack(bytes);
  if (unverified === null) return null;
  const expected = ['feature', 'pack', 'channel'].flatMap((name) => all(name).map((value) => [name, value]));
  const policy: PackPolicy = {
    keys: all('signer').map((key) => publicKey('ed25519', decodeHex(key, 32))),
    threshold: Number(get('threshold')),
    expect: Object.fromEntries(expected) as NonNullable<PackPolicy['expect']>,
  };
  const verified = verifyPack(unverified, policy);
  const opener = get('opener');
  const contentKey =
    opener === undefined
      ? decodeHex(get('content-key') ?? '', 32)
      : openContentKey(verified.header, openerOf(newSealingKey(decodeHex(opener, 32))));
  return openPack(verified, contentKey);
}

describe('pack vectors', () => {
  test('are those that the generator makes', () => {
    const made = makeVectors();
    expect(files.toSorted()).toEqual([...made.keys()].sort());
    for (const name of files)
      expect(Buffer.compare(readFileSync(new URL(name, folder)), made.get(name) ?? new Uint8Array()), name).toBe(0);
  });

  test.each(files)('%s', async (name) => {
    const vector = parseVector(readFileSync(new URL(name, folder)));
    const expected = vector.get('expect');
    if (expected === 'ok') {
      const opened = await read(vector);
      expect(opened?.manifest.contentDigest).toBe(vector.get('content-digest'));
      expect(opened?.items).toHaveLength(Number(vector.get('items')));
    } else if (expected === 'null') expect(await read(vector)).toBeNull();
    else await expectCode(String(expected), () => read(vector));
  });
});
