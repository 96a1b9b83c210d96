import { writeFileAtomic } from '../../base/files.js';
import { distinctKeys, type PublicKey } from '../../keys/key.js';
import { namePattern } from '../../keys/roles.js';
import type { Signer } from '../../keys/signer.js';
import { compileRelease, nextRelease, sealRelease } from './build.js';
import type { LeftOut } from '../compile/compile.js';
import type { PackConfig } from '../config/pack-config.js';
import { BuilderError } from '../error.js';

/** The feature of every custom pack; no release key counts for it. */
export const customFeature = 'custom';

export interface EncryptPlan {
  /** Relative to the working directory. */
  readonly sources: readonly string[];
  readonly name: string;
  readonly hosts: readonly PublicKey[];
  /** Asked for only when the rules are faultless. */
  readonly signer: () => Promise<Signer>;
  readonly out: string;
  readonly createdAt: Date;
  readonly sequence: number | undefined;
  readonly version: string | undefined;
}

export interface EncryptReport {
  readonly pack: string;
  readonly file: string;
  readonly version: string;
  readonly sequence: number;
  readonly rules: number;
  readonly contentDigest: string;
  readonly signer: string;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Compiles a team's own rules and seals them to hosts. The sequence is the time in seconds unless it is given, so that
 * a later pack is always the newer one without any record of the last.
 *
 * @throws BuilderError `name-invalid`, `key-missing`, `key-repeated`, `rules-faulty`, `duplicate-id`, `pack-empty`
 */
export async function encryptSources(plan: EncryptPlan): Promise<EncryptReport> {
  if (!namePattern.test(plan.name))
    throw new BuilderError('name-invalid', `pack: expected a name of a-z, 0-9 and -, got "${plan.name}"`);
  if (plan.hosts.length === 0) throw new BuilderError('key-missing', 'hosts: expected at least one key, got none');
  if (distinctKeys(plan.hosts).length !== plan.hosts.length)
    throw new BuilderError('key-repeated', 'hosts: expected each key once, got one of them twice');
  const none = { folder: '.', server: null, packs: [] };
  const { compiled } = await compileRelease(none, customPack(plan), undefined, plan.createdAt);
  const sequence = plan.sequence ?? Math.floor(plan.createdAt.getTime() / 1000);
  const release = nextRelease(null, plan.name, plan.createdAt, { sequence, version: plan.version, maxStep: Infinity });
  const signer = await plan.signer();
  const sealed = await sealRelease(compiled, {
    release,
    createdAt: plan.createdAt,
    signers: [signer],
    recipients: plan.hosts,
    tests: null,
  });
  await writeFileAtomic(plan.out, sealed.bytes, 0o600);
  return {
    pack: plan.name,
    file: plan.out,
    ...release,
    rules: compiled.rules.length,
    contentDigest: sealed.contentDigest,
    signer: signer.key.keyid,
    leftOut: compiled.leftOut,
  };
}

function customPack({ name, sources }: EncryptPlan): PackConfig {
  return {
    label: name,
    pack: name,
    feature: customFeature,
    channel: 'stable',
    sources: sources.map((path) => ({ path, license: null, origin: null })),
    include: [],
    exclude: [],
    filters: { minLevel: null, statuses: null, tags: null, ruleTypes: null },
    expand: {},
    faulty: 'refuse',
    tests: { root: null, failing: 'refuse' },
    minimumClient: '0.1.0',
    feeds: [],
  };
}
