import type { Command } from 'commander';
import { readFileAtMost } from '../base/files.js';
import type { FirstTrust } from '../scanner/follow/first-trust.js';
import { CliError } from './error.js';

export interface FirstTrustOptions {
  readonly root?: string;
  readonly rootSha256?: string;
}

const rootMaxBytes = 512_000;

/** The two ways to say which publisher to trust. */
export function withFirstTrust(command: Command): Command {
  return command
    .option('--root <file>', "the publisher's root.json: needed the first time, or --root-sha256")
    .option('--root-sha256 <hex>', "the SHA-256 of the repository's 1.root.json");
}

/** @throws CliError `usage` for both or for no hash; BaseError `file-…` */
export async function firstTrustOf({ root, rootSha256 }: FirstTrustOptions): Promise<FirstTrust | null> {
  if (root !== undefined && rootSha256 !== undefined)
    throw new CliError('usage', 'root: expected one of --root and --root-sha256, got both');
  if (root !== undefined) return { root: await readFileAtMost(root, rootMaxBytes) };
  if (rootSha256 === undefined) return null;
  if (!/^[0-9a-f]{64}$/i.test(rootSha256))
    throw new CliError('usage', `--root-sha256: expected 64 hex digits, got "${rootSha256}"`);
  return { rootSha256 };
}
