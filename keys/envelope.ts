import { z } from 'zod';
import { concatBytes, decodeBase64, encodeBase64, encodeHex, utf8 } from '../base/bytes.js';
import { CodedError } from '../base/error.js';
import { canonicalJsonBytes, parseCanonicalJson } from '../base/json.js';
import { KeyError } from './error.js';
import { keyidPattern, type PublicKey } from './key.js';
import { verifySignature } from './verify.js';

/** A DSSE envelope (github.com/secure-systems-lab/dsse, envelope.md) whose signatures nobody has checked yet. */
export interface Envelope {
  readonly payloadType: string;
  /** The bytes that were signed, as they came. */
  readonly payload: Uint8Array;
  readonly signatures: readonly { readonly keyid: string; readonly sig: Uint8Array }[];
}

declare const verified: unique symbol;

/** What {@link verifyEnvelope} vouches for; no other function makes one. */
export interface VerifiedPayload {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** The keys that signed, in the order of the envelope. */
  readonly keyids: readonly string[];
  readonly [verified]: true;
}

const envelopeSchema = z.strictObject({
  payloadType: z.string().min(1).max(200),
  payload: z.string(),
  signatures: z
    .array(z.strictObject({ keyid: z.string().regex(keyidPattern), sig: z.string() }))
    .min(1)
    .max(16),
});

/** `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`, lengths in bytes (DSSE protocol.md). */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** The canonical JSON bytes of an envelope: one envelope, one spelling. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return canonicalJsonBytes({
    payloadType: envelope.payloadType,
    payload: encodeBase64(envelope.payload),
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: encodeBase64(sig) })),
  });
}

/**
 * Our profile of DSSE: canonical JSON, strict padded base64, `keyid` required, 1 to 16 signatures. A looser reading
 * would let bits of a signed file change without notice.
 *
 * @throws KeyError `envelope-malformed`
 */
export function parseEnvelope(bytes: Uint8Array, subject = 'envelope'): Envelope {
  try {
    const { payloadType, payload, signatures } = envelopeSchema.parse(parseCanonicalJson(bytes, subject));
    return {
      payloadType,
      payload: decodeBase64(payload, undefined, `${subject} payload`),
      signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: decodeBase64(sig, 64, `${subject} signature`) })),
    };
  } catch (cause) {
    if (cause instanceof CodedError) throw new KeyError('envelope-malformed', cause.message, { cause });
    if (cause instanceof z.ZodError)
      throw new KeyError('envelope-malformed', `${subject}: ${z.prettifyError(cause).replaceAll('\n', ' ')}`, {
        cause,
      });
    throw cause;
  }
}

export interface EnvelopePolicy {
  readonly payloadType: string;
  readonly keys: readonly PublicKey[];
  /** How many distinct public keys must have signed; at least 1. */
  readonly threshold: number;
  readonly subject?: string;
}

/**
 * Stricter than DSSE asks: every listed signature must verify under one of the keys, so that nobody can add noise.
 *
 * @throws KeyError `payload-type`, `signature-duplicate`, `signature-unknown-key`, `signature-invalid`,
 * `signature-threshold`
 */
export function verifyEnvelope(envelope: Envelope, policy: EnvelopePolicy): VerifiedPayload {
  const { payloadType, keys, threshold, subject = 'envelope' } = policy;
  if (threshold < 1) throw new RangeError(`${subject}: expected a threshold of at least 1, got ${threshold}`);
  if (envelope.payloadType !== payloadType)
    throw new KeyError('payload-type', `${subject}: expected type ${payloadType}, got ${envelope.payloadType}`);

  const message = preAuthEncoding(envelope.payloadType, envelope.payload);
  const keyids: string[] = [];
  const signers = new Set<string>(); // by public key, since two ids for one key are still one key
  for (const { keyid, sig } of envelope.signatures) {
    if (keyids.includes(keyid))
      throw new KeyError('signature-duplicate', `${subject}: expected one signature a key, got two of ${keyid}`);
    const key = keys.find((candidate) => candidate.keyid === keyid);
    if (!key)
      throw new KeyError(
        'signature-unknown-key',
        `${subject}: expected signatures of the role's keys, got one of ${keyid}`,
      );
    if (!verifySignature(key, message, sig))
      throw new KeyError('signature-invalid', `${subject}: expected a valid signature of ${keyid}, got an invalid one`);
    keyids.push(keyid);
    signers.add(encodeHex(key.bytes));
  }
  if (signers.size < threshold)
    throw new KeyError(
      'signature-threshold',
      `${subject}: expected ${threshold} distinct signing keys, got ${signers.size}`,
    );
  return { payloadType, payload: envelope.payload, keyids } as unknown as VerifiedPayload;
}
