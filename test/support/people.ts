import { sha256Hex } from '../../base/bytes.js';
import { dayMs, type FixedClock, formatSeconds } from '../../base/clock.js';
import { encodePublicKey, type PublicKey, type SecretKey } from '../../keys/key.js';
import { encodeMetadata } from '../../keys/metadata.js';
import { lifetimeDays, type RootRole, specVersion, type TargetsRole } from '../../keys/roles.js';
import { newSigningKey, signerOf, signMetadata } from '../../keys/signing.js';
import { encodeItem, type Item } from '../../packs/item.js';
import { type PackInput, sealPack, type SealedPack } from '../../packs/pack.js';

export const testStart = '2026-07-01T00:00:00Z';

/** The offline people of one test trustDomain, and the role files that they have signed so far. */
export class TestTrustDomain {
  readonly clock: FixedClock;
  rootKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
  targetsKeys = [newSigningKey(), newSigningKey(), newSigningKey()];
  readonly releaseKeys = new Map<string, SecretKey[]>();
  readonly thresholds = new Map<string, number>();
  readonly roles = new Map<string, TargetsRole>();
  root: RootRole | null = null;
  targets: TargetsRole | null = null;

  constructor(clock: FixedClock, features: readonly string[] = ['sigma', 'mining-pools', 'premium']) {
    this.clock = clock;
    for (const feature of features) this.releaseKeys.set(feature, [newSigningKey()]);
  }

  expires(kind: keyof typeof lifetimeDays): string {
    return formatSeconds(new Date(this.clock.now().getTime() + lifetimeDays[kind] * dayMs));
  }

  /** The next root; `alsoBy` is the quorum of the one before. */
  nextRoot(online: { snapshot: PublicKey; timestamp: PublicKey }, alsoBy: readonly SecretKey[] = []): Uint8Array {
    const sets = {
      root: this.rootKeys.map(({ publicKey }) => publicKey),
      targets: this.targetsKeys.map(({ publicKey }) => publicKey),
      snapshot: [online.snapshot],
      timestamp: [online.timestamp],
    };
    const role = (keys: readonly PublicKey[]) => ({
      keyids: keys.map(({ keyid }) => keyid),
      threshold: Math.min(2, keys.length),
    });
    this.root = {
      _type: 'root',
      spec_version: specVersion,
      version: (this.root?.version ?? 0) + 1,
      expires: this.expires('root'),
      consistent_snapshot: true,
      keys: Object.fromEntries(
        Object.values(sets).flatMap((keys) => keys.map((key) => [key.keyid, encodePublicKey(key)])),
      ),
      roles: {
        root: role(sets.root),
        targets: role(sets.targets),
        snapshot: role(sets.snapshot),
        timestamp: role(sets.timestamp),
      },
    };
    const signers = new Set([...this.rootKeys.slice(0, 2), ...alsoBy.slice(0, 2)]);
    return encodeMetadata(signMetadata(this.root, [...signers].map(signerOf)));
  }

  /** The next top-level targets with `keys.json` and a delegation for every feature that has release keys. */
  nextTargets(keysJson: Uint8Array, change: (role: TargetsRole) => TargetsRole = (role) => role): Uint8Array {
    const keys = [...this.releaseKeys.values()].flat().map(({ publicKey }) => publicKey);
    this.targets = change({
      _type: 'targets',
      spec_version: specVersion,
      version: (this.targets?.version ?? 0) + 1,
      expires: this.expires('targets'),
      targets: { 'keys.json': { length: keysJson.length, hashes: { sha256: sha256Hex(keysJson) } } },
      delegations: {
        keys: Object.fromEntries(keys.map((key) => [key.keyid, encodePublicKey(key)])),
        roles: [...this.releaseKeys].map(([name, secrets]) => ({
          name,
          keyids: secrets.map(({ publicKey }) => publicKey.keyid),
          threshold: this.thresholds.get(name) ?? 1,
          terminating: true as const,
          paths: [`${name}/*/*`],
        })),
      },
    });
    return encodeMetadata(signMetadata(this.targets, this.targetsKeys.slice(0, 2).map(signerOf)));
  }

  /** The next file of a feature's role, with `packs` added to (or replacing) what the last one listed. */
  nextRole(
    feature: string,
    packs: readonly SealedPack[],
    { change = (role: TargetsRole) => role, signers = this.releaseKeys.get(feature) ?? [] } = {},
  ): Uint8Array {
    const last = this.roles.get(feature);
    const targets = { ...last?.targets };
    for (const { bytes, header } of packs)
      targets[`${header.feature}/${header.pack}/${header.channel}.yms`] = {
        length: bytes.length,
        hashes: { sha256: sha256Hex(bytes) },
        custom: { kind: header.kind, version: header.version, sequence: header.sequence },
      };
    const role = change({
      _type: 'targets',
      spec_version: specVersion,
      version: (last?.version ?? 0) + 1,
      expires: this.expires('release'),
      targets,
    });
    this.roles.set(feature, role);
    return encodeMetadata(signMetadata(role, signers.map(signerOf)));
  }
}

/** A pack with one pool, sealed to `recipients`. */
export function smallPack(
  named: Pick<PackInput, 'feature' | 'pack' | 'sequence'> & Partial<PackInput>,
  keys: { readonly signers: readonly SecretKey[]; readonly recipients: readonly PublicKey[] },
): Promise<SealedPack> {
  return sealPack(
    {
      version: `2026.7.${named.sequence}`,
      channel: 'stable',
      createdAt: testStart,
      minimumClient: '0.1.0',
      items: [poolItem(`pool-${named.sequence}.example`)],
      ...named,
    },
    { signers: keys.signers.map(signerOf), recipients: keys.recipients },
  );
}

function poolItem(domain: string): Item {
  return encodeItem('pool', `fqdn:${domain}`, { kind: 'fqdn', pattern: domain });
}
