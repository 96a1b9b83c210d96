import { sha256Hex } from '../../base/bytes.js';
import { request } from '../../base/http.js';
import { type Connection, refusal } from './api.js';
import { ScannerError } from '../error.js';
import { timeOf } from './server-time.js';
import type { TrustedTarget } from './trusted-metadata.js';

/** Received bytes, and the length that signed metadata promises. */
export type Progress = (receivedBytes: number, totalBytes: number) => void;

/** Where metadata and targets come from: a server's repository, or a folder that was carried here. */
export interface RepositorySource {
  /** Carried here by hand: timestamp and snapshot may have expired on the way, and the set is stale then. */
  readonly isCarried?: true;
  /** A metadata file by its name on the wire (`2.root.json`); null when there is none. */
  metadata(name: string, maxBytes: number): Promise<Uint8Array | null>;
  /**
   * Exactly the bytes that the target's role signed for.
   *
   * @throws ScannerError `target-missing`, `target-mismatch`
   */
  target(target: TrustedTarget, onProgress?: Progress): Promise<Uint8Array>;
  /** What its clock said at its last answer; absent where there is no clock. Nobody signed it. */
  serverTime?(): Date | null;
}

/** `<folder>/<sha256>.<file>`: where a repository with consistent snapshots keeps a target (TUF 5.7.3, 6.2). */
export function consistentName(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${sha256}.${path.slice(slash)}`;
}

/**
 * The repository of a distribution server. Only a 404 says that a metadata file is not there: a 403 (which TUF clients
 * read as "no newer root") is a refusal. The token goes along for targets only and never to another origin.
 *
 * @throws BaseError `http-…`; ScannerError as `refusal` of api.ts says
 */
export function httpSource({ server, token }: Connection): RepositorySource {
  let serverTime: Date | null = null;
  return {
    serverTime: () => serverTime,
    metadata: async (name, maxBytes) => {
      const answer = await request(new URL(`repository/metadata/${name}`, server).href, {
        maxBytes,
        redirect: 'refuse',
      });
      serverTime = timeOf(answer.headers);
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw refusal(`metadata ${name}`, answer);
      return answer.body;
    },
    target: async (target, onProgress) => {
      const name = consistentName(target.path, target.sha256);
      const answer = await request(new URL(`repository/targets/${name}`, server).href, {
        maxBytes: Math.max(target.length, 65_536),
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        redirect: 'once-https',
        ...(onProgress === undefined ? {} : { onProgress: (received) => onProgress(received, target.length) }),
      });
      if (answer.status === 404)
        throw new ScannerError('target-missing', `${target.path}: expected the file that its role lists, got 404`);
      if (answer.status !== 200) throw refusal(target.path, answer);
      return verifyTarget(target, answer.body);
    },
  };
}

/** TUF 5.7.3: length and hash are the role's. */
export function verifyTarget(target: TrustedTarget, bytes: Uint8Array): Uint8Array {
  const sha256 = sha256Hex(bytes);
  if (bytes.length !== target.length || sha256 !== target.sha256)
    throw new ScannerError(
      'target-mismatch',
      `${target.path}: expected ${target.length} bytes with sha256 ${target.sha256}, got ${bytes.length} with ${sha256}`,
    );
  return bytes;
}
