import { CodedError } from '../../base/error.js';
import { readFileAtMost } from '../../base/files.js';
import { parseJson } from '../../base/json.js';
import { type KeyKind, parsePublicKey, type PublicKey } from '../../keys/key.js';
import { parsePublicKeyFile } from '../../keys/keyfile.js';
import { BuilderError } from '../error.js';

const maxBytes = 65_536;

/** The keys that a server's `public-keys.json` names. */
export type ServerKeyName = 'snapshot' | 'timestamp' | 'license' | 'distribution';

/**
 * A public key out of a `.pub` or `.key` file, or the one of that name out of a server's `public-keys.json`.
 *
 * @throws BuilderError `key-kind`, `key-missing` when `public-keys.json` lacks the name; KeyError, BaseError
 */
export async function loadPublicKey(path: string, kind: KeyKind, name?: ServerKeyName): Promise<PublicKey> {
  const bytes = await readFileAtMost(path, maxBytes);
  const key = (name && serverKey(bytes, path, name)) ?? parsePublicKeyFile(bytes, path).key;
  if (key.kind !== kind)
    throw new BuilderError('key-kind', `${path}: expected a key of kind ${kind}, got ${key.kind} ${key.keyid}`);
  return key;
}

/** Null when the file is no `public-keys.json`. */
function serverKey(bytes: Uint8Array, path: string, name: ServerKeyName): PublicKey | null {
  let json: unknown;
  try {
    json = parseJson(bytes, path);
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
  if (typeof json !== 'object' || json === null || 'type' in json) return null;
  if (!(name in json)) throw new BuilderError('key-missing', `${path}: expected a key named ${name}, got none`);
  return parsePublicKey((json as Readonly<Record<string, unknown>>)[name], `${path} ${name}`);
}
