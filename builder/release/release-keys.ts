import { loadKeyFile } from '../../keys/keyfile.js';
import type { RolePolicy } from '../../keys/metadata.js';
import type { Signer } from '../../keys/signer.js';
import { signerOf } from '../../keys/signing.js';
import { BuilderError } from '../error.js';
import { listKeyFiles } from '../workspace.js';

/** The secret release keys of a folder: each is opened when it is first needed, and its passphrase asked for once. */
export class ReleaseKeys {
  readonly #folder: string;
  readonly #passphrase: (subject: string) => Promise<string>;
  readonly #opened = new Map<string, Signer>();

  constructor(folder: string, passphrase: (subject: string) => Promise<string>) {
    this.#folder = folder;
    this.#passphrase = passphrase;
  }

  /**
   * As many signers as the feature's threshold asks for.
   *
   * @throws BuilderError `key-missing` when the folder has too few of the role's keys; KeyError for passphrase and file
   */
  async signersOf(feature: string, policy: RolePolicy): Promise<Signer[]> {
    const wanted = new Set(policy.keys.map(({ keyid }) => keyid));
    const found = (await listKeyFiles(this.#folder)).filter(({ key }) => wanted.delete(key.keyid));
    if (found.length < policy.threshold)
      throw new BuilderError(
        'key-missing',
        `${this.#folder}: expected ${policy.threshold} release key(s) of feature ${feature}, got ${found.length}`,
        { hint: `targets delegates ${feature} to ${policy.keys.map(({ keyid }) => keyid).join(', ')}` },
      );
    const signers: Signer[] = [];
    for (const { path, key } of found.slice(0, policy.threshold)) signers.push(await this.#open(path, key.keyid));
    return signers;
  }

  async #open(path: string, keyid: string): Promise<Signer> {
    const known = this.#opened.get(keyid);
    if (known) return known;
    const signer = signerOf(await loadKeyFile(path, () => this.#passphrase(path)));
    this.#opened.set(keyid, signer);
    return signer;
  }
}
