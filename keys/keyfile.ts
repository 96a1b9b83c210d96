import { scrypt } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { decodeBase64, encodeBase64, utf8 } from '../base/bytes.js';
import { formatSeconds, parseSeconds } from '../base/clock.js';
import { CodedError } from '../base/error.js';
import { readFileAtMost, writeFileAtomic } from '../base/files.js';
import { canonicalJson, canonicalJsonBytes, parseJson } from '../base/json.js';
import { KeyError } from './error.js';
import { encodePublicKey, parsePublicKey, type PublicKey, publicKeySchema, type SecretKey } from './key.js';
import { newSealingKey } from './sealing.js';
import { aeadDecrypt, aeadEncrypt, aeadNonceBytes, randomBytes, signingPair, wipe } from './sodium.js';

/** A key file is a small JSON document that says itself what it holds and how it is sealed. */
const keyFileMaxBytes = 16_384;

/** The only parameters that are read: a file that asks for others is refused before any work is done for it. */
const scryptParameters = { kdf: 'scrypt', n: 131_072, r: 8, p: 1 } as const;
const scryptMaxmemBytes = 256 * 1024 * 1024;
const saltBytes = 16;

const encryptionSchema = z.strictObject({
  kdf: z.literal('scrypt'),
  n: z.int(),
  r: z.int(),
  p: z.int(),
  salt: z.string(),
  cipher: z.literal('xchacha20poly1305'),
  nonce: z.string(),
});

const publicFields = {
  name: z.string().min(1).max(100),
  createdAt: z.string().refine((text) => parseSeconds(text) !== null, 'expected a date as YYYY-MM-DDTHH:MM:SSZ'),
  keyid: z.string(),
  publicKey: publicKeySchema,
};

const secretFileSchema = z.strictObject({
  type: z.literal('yms-secret-key'),
  ...publicFields,
  encryption: encryptionSchema.nullable(),
  secret: z.string(),
});

const publicFileSchema = z.strictObject({ type: z.literal('yms-public-key'), ...publicFields });

export interface KeyFileLabel {
  /** What people call the key, at most 100 characters. */
  readonly name: string;
  readonly createdAt: Date;
}

/** A public key with what its file says about it. */
export interface NamedPublicKey {
  readonly key: PublicKey;
  readonly name: string;
  readonly createdAt: string;
}

/**
 * The bytes of a key file. With a passphrase the secret is sealed with XChaCha20-Poly1305 under scrypt (N 2^17, r 8,
 * p 1), every other field as associated data; with `null` it stands there in the clear, for a server that must start
 * alone.
 */
export async function encodeKeyFile(
  key: SecretKey,
  options: KeyFileLabel & { readonly passphrase: string | null },
): Promise<Uint8Array> {
  const label = encodeLabel(key.publicKey, options);
  if (options.passphrase === null) {
    const secret = encodeBase64(key.secret);
    return canonicalJsonBytes({ type: 'yms-secret-key', ...label, encryption: null, secret });
  }
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(aeadNonceBytes);
  const encryption = {
    ...scryptParameters,
    salt: encodeBase64(salt),
    cipher: 'xchacha20poly1305',
    nonce: encodeBase64(nonce),
  };
  const open = { type: 'yms-secret-key', ...label, encryption };
  const wrapping = await deriveKey(options.passphrase, salt);
  const secret = aeadEncrypt(key.secret, utf8(canonicalJson(open)), nonce, wrapping);
  wipe(wrapping);
  return canonicalJsonBytes({ ...open, secret: encodeBase64(secret) });
}

function encodeLabel(key: PublicKey, label: KeyFileLabel): object {
  const { name, createdAt } = label;
  return { name, createdAt: formatSeconds(createdAt), keyid: key.keyid, publicKey: encodePublicKey(key) };
}

/**
 * The secret key of a key file. The passphrase is asked for only when the file needs one and its form is right.
 *
 * @throws KeyError `key-file-malformed`, `key-file-parameters`, `passphrase-wrong` (also when a field was changed)
 */
export async function parseKeyFile(
  bytes: Uint8Array,
  options: { readonly passphrase: () => Promise<string>; readonly subject?: string },
): Promise<SecretKey> {
  const subject = options.subject ?? 'key file';
  const document = parseDocument(secretFileSchema, bytes, subject);
  const { secret, ...open } = document;
  const sealed = decodeField(secret, undefined, subject);
  if (open.encryption === null) return restore(document, sealed, subject);

  const { kdf, n, r, p } = open.encryption;
  if (n !== scryptParameters.n || r !== scryptParameters.r || p !== scryptParameters.p)
    throw new KeyError(
      'key-file-parameters',
      `${subject}: expected scrypt n=131072 r=8 p=1, got ${kdf} n=${n} r=${r} p=${p}`,
    );
  const salt = decodeField(open.encryption.salt, saltBytes, subject);
  const nonce = decodeField(open.encryption.nonce, aeadNonceBytes, subject);
  const wrapping = await deriveKey(await options.passphrase(), salt);
  const opened = aeadDecrypt(sealed, utf8(canonicalJson(open)), nonce, wrapping);
  wipe(wrapping);
  if (opened === null)
    throw new KeyError(
      'passphrase-wrong',
      `${subject}: expected the passphrase of key ${open.keyid}, got one that does not open it`,
    );
  return restore(document, opened, subject);
}

/** @throws KeyError `file-…` codes of base for the file, `key-file-permissions`, and those of {@link parseKeyFile} */
export async function loadKeyFile(path: string, passphrase: () => Promise<string>): Promise<SecretKey> {
  const bytes = await readFileAtMost(path, keyFileMaxBytes);
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new KeyError('key-file-permissions', `${path}: expected mode 0600, got ${(mode & 0o777).toString(8)}`, {
      hint: `run chmod 600 ${path}`,
    });
  return parseKeyFile(bytes, { passphrase, subject: path });
}

export async function saveKeyFile(
  path: string,
  key: SecretKey,
  options: KeyFileLabel & { readonly passphrase: string | null },
): Promise<void> {
  await writeFileAtomic(path, await encodeKeyFile(key, options), 0o600);
}

export function encodePublicKeyFile(key: PublicKey, label: KeyFileLabel): Uint8Array {
  return canonicalJsonBytes({ type: 'yms-public-key', ...encodeLabel(key, label) });
}

/**
 * The public key of a public or a secret key file; no passphrase is needed.
 *
 * @throws KeyError `key-file-malformed`
 */
export function parsePublicKeyFile(bytes: Uint8Array, subject = 'public key file'): NamedPublicKey {
  const schema = z.discriminatedUnion('type', [publicFileSchema, secretFileSchema]);
  const { keyid, publicKey, name, createdAt } = parseDocument(schema, bytes, subject);
  const key = parsePublicKey(publicKey, subject);
  if (key.keyid !== keyid)
    throw new KeyError('key-file-malformed', `${subject}: expected key id ${key.keyid}, got ${keyid}`);
  return { key, name, createdAt };
}

export async function loadPublicKeyFile(path: string): Promise<NamedPublicKey> {
  return parsePublicKeyFile(await readFileAtMost(path, keyFileMaxBytes), path);
}

function parseDocument<T>(schema: z.ZodType<T>, bytes: Uint8Array, subject: string): T {
  try {
    return schema.parse(parseJson(bytes, subject));
  } catch (cause) {
    if (cause instanceof z.ZodError)
      throw new KeyError('key-file-malformed', `${subject}: ${z.prettifyError(cause).replaceAll('\n', ' ')}`, {
        cause,
      });
    if (cause instanceof CodedError) throw new KeyError('key-file-malformed', cause.message, { cause });
    throw cause;
  }
}

function decodeField(text: string, lengthBytes: number | undefined, subject: string): Uint8Array {
  try {
    return decodeBase64(text, lengthBytes, subject);
  } catch (cause) {
    throw new KeyError('key-file-malformed', (cause as Error).message, { cause });
  }
}

/** Derives the public half again: a file whose two halves disagree is broken, whatever it says. */
function restore(document: z.infer<typeof secretFileSchema>, secret: Uint8Array, subject: string): SecretKey {
  if (secret.length !== 32)
    throw new KeyError('key-file-malformed', `${subject}: expected a secret of 32 bytes, got ${secret.length}`);
  const named = parsePublicKey(document.publicKey, subject);
  const derived = named.kind === 'ed25519' ? signingPair(secret).publicKey : newSealingKey(secret).publicKey.bytes;
  if (document.keyid !== named.keyid || !Buffer.from(derived).equals(named.bytes))
    throw new KeyError(
      'key-file-malformed',
      `${subject}: expected the secret of key ${named.keyid}, got one of a different key`,
    );
  return { kind: named.kind, publicKey: named, secret };
}

function deriveKey(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  const { n, r, p } = scryptParameters;
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 32, { N: n, r, p, maxmem: scryptMaxmemBytes }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
