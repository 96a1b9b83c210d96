import { z } from 'zod';
import { type DocumentKind, encodeDocument, isSortedOnce, parseDocument } from './document.js';
import { clientVersion, hash, keyid, name, packKind, sealedKey, sequence, time, version } from './field.js';
import { isPayloadLength, payloadLength } from './payload.js';

export const packPayloadType = 'application/vnd.yms.pack+json';

/** Of a whole file: header and payload at their longest, and some room. */
export const maxPackBytes = 300 * 1024 * 1024;
/** Of the envelope as it stands in the file. */
export const maxHeaderBytes = 1_048_576;
/** Of the archive, before compression. */
export const maxContentBytes = 268_435_456;
export const maxRecipients = 1024;

const schema = z
  .strictObject({
    kind: packKind,
    feature: name,
    pack: name,
    version,
    sequence,
    channel: name,
    createdAt: time,
    minimumClient: clientVersion,
    compression: z.literal('brotli'),
    payload: z.strictObject({
      length: z
        .int()
        .max(payloadLength(maxContentBytes))
        .refine(isPayloadLength, 'expected the length of whole chunks'),
      sha256: hash,
    }),
    contentLength: z.int().min(1024).max(maxContentBytes).multipleOf(512),
    keyCommitment: hash,
    recipients: z
      .array(z.strictObject({ keyid, sealed: sealedKey }))
      .min(1)
      .max(maxRecipients)
      .refine((list) => isSortedOnce(list.map((entry) => entry.keyid)), 'expected each key id once, sorted'),
    from: z.strictObject({ version, payloadSha256: hash }).exactOptional(),
  })
  .refine((header) => (header.kind === 'delta') === (header.from !== undefined), {
    error: 'expected from in a delta, and only there',
    path: ['from'],
  });

/** What the release role signs (docs/spec/pack.md, "Header document"). Lengths are in bytes. */
export type PackHeader = Readonly<z.infer<typeof schema>>;

const headerDocument: DocumentKind<PackHeader> = { schema, maxBytes: maxHeaderBytes, code: 'header-malformed' };

/**
 * The header document alone; it says nothing about who signed it.
 *
 * @throws PackError `header-malformed`
 */
export function parseHeader(document: Uint8Array, subject = 'pack header'): PackHeader {
  return parseDocument(headerDocument, document, subject);
}

/** @throws PackError `header-malformed` */
export function encodeHeader(header: PackHeader, subject = 'pack header'): Uint8Array {
  return encodeDocument(headerDocument, header, subject);
}
