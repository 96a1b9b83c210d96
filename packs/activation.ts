/** What travels between an endpoint without a network and the license server (docs/spec/offline.md). */
import { z } from 'zod';
import { decodeBase64 } from '../base/bytes.js';
import { CodedError } from '../base/error.js';
import { parsePublicKey, publicKeySchema } from '../keys/key.js';
import { type DocumentKind, encodeDocument, parseDocument } from './document.js';
import { clientVersion, keyid, time } from './field.js';
import { displayName, maxLicenseBytes, serverId } from './license.js';

export const activationPayloadType = 'application/vnd.yms.activation+json';

export const maxRequestBytes = 4096;

/** An activation holds a license envelope, which is its payload in base64, in base64 again. */
export const maxActivationBytes = Math.ceil(maxLicenseBytes * 1.8) + 65_536;

const nonce = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hex digits');

function isBase64(text: string): boolean {
  try {
    return decodeBase64(text).length > 0;
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}

const base64 = (maxLength: number) => z.string().min(4).max(maxLength).refine(isBase64, 'expected padded base64');

function isHostKey(json: unknown): boolean {
  try {
    return parsePublicKey(json, 'hostKey', 'x25519').kind === 'x25519';
  } catch (error) {
    if (error instanceof CodedError) return false;
    throw error;
  }
}

const requestSchema = z.strictObject({
  format: z.literal(1),
  client: clientVersion,
  /** The host's own X25519 key; what comes back is sealed to it. */
  hostKey: publicKeySchema.refine(isHostKey, 'expected an X25519 key'),
  /** Which license to take a seat of; null leaves it to the admin. Never the license key, which is a secret. */
  license: serverId.nullable(),
  name: displayName,
  /** Ties the answer to this request: 16 random bytes in hex. */
  nonce,
});

/** What a host without a network asks for. Unsigned: only the owner of the host key can use the answer. */
export type ActivationRequest = Readonly<z.infer<typeof requestSchema>>;

const activationSchema = z.strictObject({
  /** The whole envelope of the license document, in base64. */
  document: base64(maxActivationBytes),
  host: z.strictObject({ id: serverId, keyid }),
  issuedAt: time,
  license: serverId,
  /** That of the request. */
  nonce,
  /** The host token in a sealed box that only the host key opens, in base64. */
  sealedToken: base64(2000),
});

/** The payload that the license key signs in answer to a request. */
export type OfflineActivation = Readonly<z.infer<typeof activationSchema>>;

const code = 'activation-malformed';
const requestDocument: DocumentKind<ActivationRequest> = { schema: requestSchema, maxBytes: maxRequestBytes, code };
const activationDocument: DocumentKind<OfflineActivation> = {
  schema: activationSchema,
  maxBytes: maxActivationBytes,
  code,
};

/** @throws PackError `activation-malformed` */
export function parseActivationRequest(bytes: Uint8Array, subject = 'activation request'): ActivationRequest {
  return parseDocument(requestDocument, bytes, subject);
}

/** @throws PackError `activation-malformed` */
export function encodeActivationRequest(request: ActivationRequest, subject = 'activation request'): Uint8Array {
  return encodeDocument(requestDocument, request, subject);
}

/**
 * The payload of an activation envelope that was verified.
 *
 * @throws PackError `activation-malformed`
 */
export function parseActivation(payload: Uint8Array, subject = 'activation'): OfflineActivation {
  return parseDocument(activationDocument, payload, subject);
}

/** @throws PackError `activation-malformed` */
export function encodeActivation(activation: OfflineActivation, subject = 'activation'): Uint8Array {
  return encodeDocument(activationDocument, activation, subject);
}
