/** Where a server's settings come from, which holds, and that all faults are told at once. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  flagOf,
  loadServerSettings,
  serverConfigFile,
  type SettingsError,
  variableOf,
} from '../../cli/server-settings.js';
import { dayMs, secondMs } from '../../base/clock.js';
import { defaultConfig, settings } from '../../server/config.js';

let root: string;
let dir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'yms-settings-'));
  dir = join(root, 'server');
  await mkdir(dir);
});
afterEach(() => rm(root, { recursive: true }));

const nothing = { file: undefined, flags: {}, variables: {} };
const write = (text: string) => writeFile(join(root, serverConfigFile), text);
const messageOf = async (sources: Parameters<typeof loadServerSettings>[0]) =>
  loadServerSettings(sources).then(
    () => 'no refusal',
    (error: unknown) => (error as SettingsError).faults.join('\n'),
  );

describe('settings', () => {
  test('are the standard ones without a file', async () => {
    const { config, listen, records, file } = await loadServerSettings({ ...nothing, dir });
    expect({ config, listen, records, file }).toEqual({
      config: defaultConfig,
      listen: '127.0.0.1:8420',
      records: null,
      file: null,
    });
  });

  test('come from the file beside the folder, over it from variables, over these from flags', async () => {
    await write('listen: 0.0.0.0:1\nidleSeconds: 10\nlicenseDocumentDays: 3\npendingDays: 2\n');
    const { config, listen, entries } = await loadServerSettings({
      dir,
      file: undefined,
      variables: { YMS_IDLE_SECONDS: '20', YMS_PENDING_DAYS: '4' },
      flags: { pendingDays: '5' },
    });
    expect(listen).toBe('0.0.0.0:1');
    expect(config).toEqual({
      ...defaultConfig,
      idleMs: 20 * secondMs,
      licenseDocumentMs: 3 * dayMs,
      pendingMs: 5 * dayMs,
    });
    const origins = Object.fromEntries(entries.map(({ name, from }) => [name, from]));
    expect(origins).toMatchObject({
      listen: 'file',
      licenseDocumentDays: 'file',
      idleSeconds: 'variable',
      pendingDays: 'flag',
      maxBlobBytes: 'default',
    });
  });

  test('have all their faults told at once, each where it stands', async () => {
    await write('idleSeconds: soon\nmaxJsonBytes: 1\nlicenceDays: 3\n');
    const told = await messageOf({
      ...nothing,
      dir,
      variables: { YMS_PENDING_DAYS: '-1' },
      flags: { idleSeconds: '4' },
    });
    expect(told.split('\n')).toHaveLength(5);
    for (const part of [`${serverConfigFile}:1:14`, `${serverConfigFile}:2:15`, `${serverConfigFile}:3:1`])
      expect(told).toContain(part);
    expect(told).toContain('--idle-seconds: expected 5 to 3600, got "4"');
    expect(told).toContain('YMS_PENDING_DAYS: expected 1 to 366, got "-1"');
  });

  test.each(['postgres://yms:hunter2@db/yms', 'postgres://yms@db/yms?password=hunter2'])(
    'have no password in the file, and no message repeats it: %s',
    async (address) => {
      await write(`records: ${address}\n`);
      const told = await messageOf({ ...nothing, dir });
      expect(told).toContain('expected an address without a password');
      expect(told).not.toContain('hunter2');
      const shown = await loadServerSettings({ ...nothing, dir: undefined, variables: { YMS_RECORDS: address } });
      expect(shown.records).toBe(address);
      expect(JSON.stringify(shown.entries)).not.toContain('hunter2');
    },
  );

  test('named by --config must be there', async () => {
    const file = join(root, 'other.yaml');
    await expect(loadServerSettings({ ...nothing, dir, file })).rejects.toMatchObject({ code: 'file-missing' });
  });

  test('stand in docs/server.md, each with its flag, variable, range and standard value', async () => {
    const page = await readFile(new URL('../../docs/server.md', import.meta.url), 'utf8');
    for (const { name, least, most, standard, help } of Object.values(settings))
      expect(page).toContain(
        `| \`${name}\` | \`${flagOf(name)}\` | \`${variableOf(name)}\` | ${least} to ${most} | ${standard} | ${help} |`,
      );
  });
});
