/**
 * A root as those read it who only follow it. It alone may hold what this version does not know, because nobody can be
 * told of anything without it: a root that is refused cannot say that the program must be renewed. So unknown members
 * are passed over, and a key of another form or algorithm is carried and never counted (docs/decisions/0008). What must
 * still hold: a threshold of keys that are known, over all of what came.
 */
import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { sha256Hex, utf8 } from '../base/bytes.js';
import { KeyError } from './error.js';
import { publicKeySchema, type PublicKeyJson } from './key.js';
import { checkMetadata, parseMetadataJson, type SignedMetadata, signaturesSchema } from './metadata.js';
import { keyidSchema, rootHead, type RootRole } from './roles.js';

const roleKeys = z
  .looseObject({ keyids: z.array(keyidSchema).max(64), threshold: z.int().min(1) })
  .refine(({ keyids }) => new Set(keyids).size === keyids.length, 'expected each key id once')
  .refine(({ keyids, threshold }) => threshold <= keyids.length, 'expected a threshold of at most the number of keys');

const schema = z.strictObject({
  signed: z.looseObject({
    ...rootHead,
    keys: z.record(keyidSchema, z.looseObject({})),
    roles: z.looseObject({ root: roleKeys, targets: roleKeys, snapshot: roleKeys, timestamp: roleKeys }),
  }),
  signatures: signaturesSchema,
});

/**
 * The root with the keys of this version only; `message` is the whole that was signed.
 *
 * @throws KeyError `metadata-malformed`, `keyid-mismatch`
 */
export function parseFollowedRoot(bytes: Uint8Array, subject = 'root'): SignedMetadata<RootRole> {
  const json = parseMetadataJson(bytes, subject);
  const { signed, signatures } = checkMetadata(schema.safeParse(json), subject);
  const keys: Record<string, PublicKeyJson> = {};
  for (const [keyid, key] of Object.entries(signed.keys)) {
    const hash = sha256Hex(canonical(key, subject));
    if (hash !== keyid) throw new KeyError('keyid-mismatch', `${subject}: expected key id ${hash}, got ${keyid}`);
    const known = publicKeySchema.safeParse(key);
    if (known.success && known.data.keytype === 'ed25519') keys[keyid] = known.data;
  }
  const countable = ({ keyids, threshold }: z.infer<typeof roleKeys>) => ({
    keyids: keyids.filter((keyid) => Object.hasOwn(keys, keyid)),
    threshold,
  });
  const { root, targets, snapshot, timestamp } = signed.roles;
  return {
    signed: {
      _type: signed._type,
      spec_version: signed.spec_version,
      version: signed.version,
      expires: signed.expires,
      consistent_snapshot: signed.consistent_snapshot,
      keys,
      roles: {
        root: countable(root),
        targets: countable(targets),
        snapshot: countable(snapshot),
        timestamp: countable(timestamp),
      },
    },
    signatures,
    message: canonical((json as { readonly signed: unknown }).signed, subject),
  };
}

/** TUF metadata holds no fractions: its canonical form has none (TUF specification 4.2). */
function canonical(value: unknown, subject: string): Uint8Array {
  try {
    return utf8(canonicalize(value));
  } catch (cause) {
    throw new KeyError('metadata-malformed', `${subject}: expected whole numbers only, got a fraction`, { cause });
  }
}
