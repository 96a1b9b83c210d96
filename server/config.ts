/**
 * What an operator may set: one table of settings with unit, range and default. `yms-server.yaml`, the flags and the
 * variables of `yms serve` are made from it (docs/server.md lists them, and a test compares).
 */
import { dayMs, secondMs } from '../base/clock.js';

export interface Setting {
  /** As in `yms-server.yaml`; `--max-json-bytes` and `YMS_MAX_JSON_BYTES` are the same setting. */
  readonly name: string;
  /** Of a whole number in the unit that the name ends in. */
  readonly least: number;
  readonly most: number;
  readonly standard: number;
  /** What one of the unit is in the configuration: 1, or milliseconds. */
  readonly factor: number;
  readonly help: string;
}

const mebibyte = 1_048_576;

/** By member of {@link ServerConfig}. */
export const settings = {
  maxJsonBytes: {
    name: 'maxJsonBytes',
    least: 4096,
    most: 16 * mebibyte,
    standard: 65_536,
    factor: 1,
    help: 'at most so many bytes of a JSON body; commits have maxCommitBytes',
  },
  maxCommitBytes: {
    name: 'maxCommitBytes',
    least: mebibyte,
    most: 256 * mebibyte,
    standard: 32 * mebibyte,
    factor: 1,
    help: 'at most so many bytes of a commit',
  },
  maxBlobBytes: {
    name: 'maxBlobBytes',
    least: mebibyte,
    most: 4096 * mebibyte,
    standard: 300 * mebibyte,
    factor: 1,
    help: 'at most so many bytes of an uploaded pack or feed',
  },
  jsonBodyMs: {
    name: 'jsonBodySeconds',
    least: 1,
    most: 3600,
    standard: 30,
    factor: secondMs,
    help: 'a JSON body that is not whole after this time is given up',
  },
  idleMs: {
    name: 'idleSeconds',
    least: 5,
    most: 3600,
    standard: 120,
    factor: secondMs,
    help: 'an upload or download that does not move for this long is cut',
  },
  licenseDocumentMs: {
    name: 'licenseDocumentDays',
    least: 1,
    most: 366,
    standard: 14,
    factor: dayMs,
    help: 'how long a license document is valid, unless its plan says; it is issued anew after half of it',
  },
  targetsPerSeatHour: {
    name: 'targetsPerSeatHour',
    least: 1,
    most: 1_000_000,
    standard: 600,
    factor: 1,
    help: 'downloads of a license: each seat adds so many an hour, and that many may come at once',
  },
  maxPendingBytes: {
    name: 'maxPendingBytes',
    least: mebibyte,
    most: 1_048_576 * mebibyte,
    standard: 4096 * mebibyte,
    factor: 1,
    help: 'bytes of one publisher’s uploads that no commit has listed yet',
  },
  pendingMs: {
    name: 'pendingDays',
    least: 1,
    most: 366,
    standard: 7,
    factor: dayMs,
    help: 'how long an upload waits for its commit',
  },
  activationsPerHour: {
    name: 'activationsPerHour',
    least: 1,
    most: 1_000_000,
    standard: 20,
    factor: 1,
    help: 'new hosts of a license within an hour, or as many as it has seats if these are more',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingKey = keyof typeof settings;
export const settingKeys = Object.keys(settings) as SettingKey[];

/** Bytes, milliseconds and counts by the names of {@link settings}. */
export type ServerConfig = Readonly<Record<SettingKey, number>>;

/** What is set, in the units of the settings, over what is standard. */
export function configOf(given: Readonly<Partial<Record<SettingKey, number>>>): ServerConfig {
  const values = settingKeys.map((key) => [key, (given[key] ?? settings[key].standard) * settings[key].factor]);
  return Object.fromEntries(values) as ServerConfig;
}

export const defaultConfig: ServerConfig = configOf({});
