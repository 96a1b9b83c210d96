import { stat } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { decodeUtf8 } from '../../base/bytes.js';
import { readFileAtMost } from '../../base/files.js';
import { namePattern, reservedNames } from '../../keys/roles.js';
import { feedFormatNames, feedFormatOf } from '../../packs/feed.js';
import { compareFaults, type Fault, type Place } from '../../rules/fault.js';
import { fault, parsePlacedYaml, type PlacedYaml, schemaFaults } from '../../rules/placed-yaml.js';
import { BuilderError } from '../error.js';
import { defaultMinScore, type PackConfig, recordedPath } from './pack-config.js';
import { profileNames, profiles, ruleLevels, ruleStatuses } from './profile.js';

export const configFileName = 'yms.yaml';
const maxConfigBytes = 1024 * 1024;

export interface Config {
  /** The folder of `yms.yaml`, absolute. */
  readonly folder: string;
  readonly server: string | null;
  readonly packs: readonly PackConfig[];
}

const name = z.string().max(64).regex(namePattern, 'a name of a-z, 0-9 and -');
const featureName = name.refine((feature) => !reservedNames.includes(feature), 'a name that has no other meaning');
const text = z.string().min(1).max(1000);
const relativePath = z
  .string()
  .min(1)
  .max(1000)
  .refine((path) => !isAbsolute(path) && !path.includes('\\') && !path.includes('\0'), 'a relative path with /');
const stringList = z.array(text).max(1000);
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** Terms and home of rules. `licence` is another spelling of `license`; both at once would leave open which one holds. */
const terms = { license: text.optional(), licence: text.optional(), origin: text.optional() };
function hasOneSpelling(given: { license?: string | undefined; licence?: string | undefined }): boolean {
  return given.license === undefined || given.licence === undefined;
}
const twoSpellings = { message: 'license alone, since licence is another spelling of it', path: ['licence'] };

const source = z.preprocess(
  (value) => (typeof value === 'string' ? { path: value } : value),
  z.strictObject({ path: relativePath, ...terms }).refine(hasOneSpelling, twoSpellings),
);

const feedName = z
  .string()
  .refine(
    (text) => feedFormatOf(text) !== null,
    `one of ${feedFormatNames.join(', ')}, or one with a word: hosts-strict`,
  );

const feed = z.preprocess(
  (value) => (typeof value === 'string' ? { name: value } : value),
  z.strictObject({ name: feedName, minScore: z.int().min(-1000).max(1000).default(defaultMinScore) }),
);

const pack = z
  .strictObject({
    pack: name.optional(),
    feature: featureName,
    channel: name.default('stable'),
    sources: z.array(source).min(1).max(1000),
    include: stringList.default([]),
    exclude: stringList.default([]),
    profile: z.enum(profileNames).optional(),
    filters: z
      .strictObject({
        minLevel: z.enum(ruleLevels).optional(),
        statuses: z.array(z.enum(ruleStatuses)).min(1).optional(),
        tags: stringList.min(1).optional(),
      })
      .default({}),
    expand: z.record(text, z.array(scalar).min(1).max(10_000)).default({}),
    faulty: z.enum(['refuse', 'leave-out']).default('refuse'),
    tests: z
      .strictObject({ root: relativePath.optional(), failing: z.enum(['refuse', 'leave-out']).default('refuse') })
      .default({ failing: 'refuse' }),
    minimumClient: z
      .string()
      .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, 'a version such as 0.1.0')
      .default('0.1.0'),
    feeds: z.array(feed).max(32).default([]),
    ...terms,
  })
  .refine(hasOneSpelling, twoSpellings);

const config = z.strictObject({
  server: z.url({ protocol: /^https?$/ }).optional(),
  packs: z.record(z.string(), pack).refine((packs) => Object.keys(packs).length > 0, 'at least one pack'),
});

/**
 * Reads `yms.yaml` whole, with every fault at once: syntax, unknown keys, wrong values, sources that are not there, two
 * packs with one target path.
 *
 * @throws BuilderError `config-invalid` with `faults`, `workspace-missing` when there is no such file
 */
export async function loadConfig(path: string): Promise<Config> {
  let bytes: Uint8Array;
  try {
    bytes = await readFileAtMost(path, maxConfigBytes);
  } catch (cause) {
    throw new BuilderError(
      'workspace-missing',
      `${path}: expected the file of a workspace, got ${(cause as Error).message}`,
      {
        cause,
        hint: 'run yms init, or name the file with --config',
      },
    );
  }
  const folder = resolve(dirname(path));
  const parsed = parseConfig(decodeUtf8(bytes, path), path, folder);
  const faults = [...parsed.faults];
  for (const wanted of parsed.paths) {
    const found = await stat(resolve(folder, wanted.path)).catch(() => null);
    if (found === null)
      faults.push(
        fault('source-missing', `${wanted.path}: expected a file or folder, got nothing there`, wanted.place),
      );
  }
  if (parsed.config === null || faults.length > 0) {
    const [first] = faults.sort(compareFaults);
    const rest = faults.length > 1 ? ` and ${faults.length - 1} more` : '';
    throw new BuilderError(
      'config-invalid',
      `${path}: expected a valid configuration, got ${first?.message ?? 'none'}${rest}`,
      {
        faults,
        ...(first && { place: first.place }),
      },
    );
  }
  return parsed.config;
}

export interface ParsedConfig {
  readonly config: Config | null;
  readonly faults: readonly Fault[];
  /** Every path that the configuration names, for the caller to look up. */
  readonly paths: readonly { path: string; place: Place }[];
}

export function parseConfig(yaml: string, file: string, folder: string): ParsedConfig {
  const document = parsePlacedYaml(yaml, file);
  if (document.faults.length > 0) return { config: null, faults: document.faults, paths: [] };
  const result = config.safeParse(document.value ?? {});
  const faults = result.success ? [] : schemaFaults(result.error.issues, document, configFileName);
  for (const label of Object.keys(mapAt(document.value, 'packs')))
    if (!name.safeParse(label).success)
      faults.push(
        fault(
          'wrong-value',
          `packs: expected a name of a-z, 0-9 and -, got "${label}"`,
          document.placeOf(['packs'], label),
        ),
      );
  const paths = namedPaths(document);
  if (!result.success || faults.length > 0) return { config: null, faults, paths };
  const packs = Object.entries(result.data.packs).map(([label, given]) => packConfig(label, given));
  const server = result.data.server?.replace(/\/+$/, '') ?? null;
  return { config: { folder, server, packs }, faults: repetitions(packs, document), paths };
}

/**
 * The packs of these labels, or all.
 *
 * @throws BuilderError `pack-unknown`
 */
export function selectPacks({ packs }: Config, labels: readonly string[]): readonly PackConfig[] {
  if (labels.length === 0) return packs;
  return [...new Set(labels)].map((label) => {
    const found = packs.find((one) => one.label === label);
    if (found) return found;
    const known = packs.map((one) => one.label).join(', ');
    throw new BuilderError('pack-unknown', `pack: expected one of ${known}, got "${label}"`);
  });
}

/** Two packs cannot be published at one target path, and a source and a feed count once. */
function repetitions(packs: readonly PackConfig[], document: PlacedYaml): Fault[] {
  const faults: Fault[] = [];
  const owners = new Map<string, string>();
  for (const { label, feature, pack, channel, sources, feeds } of packs) {
    const target = `${feature}/${pack}/${channel}`;
    const owner = owners.get(target);
    if (owner !== undefined)
      faults.push(
        fault(
          'target-repeated',
          `packs.${label}: expected a target of its own, got ${target} of packs.${owner}`,
          document.placeOf(['packs'], label),
        ),
      );
    owners.set(target, label);
    const recorded = sources.map(({ path }) => recordedPath(path));
    for (const [index, { path }] of sources.entries())
      if (recorded.indexOf(recorded[index] ?? '') < index)
        faults.push(
          fault(
            'source-repeated',
            `packs.${label}.sources: expected each once, got ${path} again`,
            document.placeOf(['packs', label, 'sources', index]),
          ),
        );
    for (const [index, { name }] of feeds.entries())
      if (feeds.findIndex((other) => other.name === name) < index)
        faults.push(
          fault(
            'feed-repeated',
            `packs.${label}.feeds: expected each once, got ${name} again`,
            document.placeOf(['packs', label, 'feeds', index]),
          ),
        );
  }
  return faults;
}

/** The paths of every pack, also of one that has other faults, so that missing files are told in the same go. */
function namedPaths(document: PlacedYaml): { path: string; place: Place }[] {
  const paths: { path: string; place: Place }[] = [];
  for (const [label, given] of Object.entries(mapAt(document.value, 'packs'))) {
    const sources = typeof given === 'object' && given !== null && 'sources' in given ? given.sources : [];
    for (const [index, one] of (Array.isArray(sources) ? sources : []).entries()) {
      const parsed = source.safeParse(one);
      if (parsed.success)
        paths.push({ path: parsed.data.path, place: document.placeOf(['packs', label, 'sources', index]) });
    }
    const root = relativePath.safeParse(mapAt(given, 'tests')['root']);
    if (root.success) paths.push({ path: root.data, place: document.placeOf(['packs', label, 'tests', 'root']) });
  }
  return paths;
}

function mapAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}

function packConfig(label: string, given: z.infer<typeof pack>): PackConfig {
  const profile = given.profile === undefined ? null : profiles[given.profile];
  return {
    label,
    pack: given.pack ?? label,
    feature: given.feature,
    channel: given.channel,
    sources: given.sources.map((one) => ({
      path: one.path,
      license: one.license ?? one.licence ?? given.license ?? given.licence ?? null,
      origin: one.origin ?? given.origin ?? null,
    })),
    include: given.include,
    exclude: given.exclude,
    filters: {
      minLevel: given.filters.minLevel ?? profile?.minLevel ?? null,
      statuses: given.filters.statuses ?? profile?.statuses ?? null,
      tags: given.filters.tags ?? null,
      ruleTypes: profile?.ruleTypes ?? null,
    },
    expand: given.expand,
    faulty: given.faulty,
    tests: { root: given.tests.root ?? null, failing: given.tests.failing },
    minimumClient: given.minimumClient,
    feeds: given.feeds,
  };
}
