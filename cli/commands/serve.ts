import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { initServer, moveRecords, openServer, replaceKeys, requireServerFolder } from '../../server/folder/folder.js';
import { withServerFolder } from '../../server/folder/folder-lock.js';
import { openLog } from '../../server/log.js';
import { parseListenAddress, startServer } from '../../server/main.js';
import { parseRecordsUrl } from '../../server/records/postgres.js';
import { CliError } from '../error.js';
import { hint, note, print, printable, printJson, warn } from '../output.js';
import { settings } from '../../server/config.js';
import {
  flagOf,
  loadServerSettings,
  serverConfigFile,
  SettingsError,
  type ServerSettings,
  standardListen,
} from '../server-settings.js';

interface ServeOptions {
  readonly init?: string;
  readonly dir?: string;
  readonly listen?: string;
  readonly config?: string;
  readonly printConfig?: true;
  readonly records?: string;
  readonly moveRecords?: true;
  readonly newKeys?: true;
  readonly json?: true;
}

/** `yms serve`: the distribution server, until it gets SIGINT or SIGTERM. */
export function registerServe(program: Command): void {
  const command = program
    .command('serve')
    .description('run the distribution server')
    .option(
      '--init <dir>',
      'make the folder of a new server: its keys, its records, the first admin token (shown once)',
    )
    .option('--dir <dir>', 'the folder of the server to run')
    .option('--listen <host:port>', `where to listen; port 0 takes a free one (${standardListen})`)
    .option('--config <file>', `its settings; without it ${serverConfigFile} beside the folder, if there is one`)
    .option('--print-config', 'print every setting and where it is from, and end')
    .option(
      '--records <url>',
      'keep the records in PostgreSQL, postgres://user@host/database; or in YMS_RECORDS, also with a password',
    )
    .option('--move-records', 'copy the records of --dir into the empty database of --records, and end')
    .option('--new-keys', 'make other keys for --dir, whose own were lost or stolen, and end; see docs/ceremony.md')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nEach setting also has a variable, YMS_LISTEN and so on, and a key of the file. A flag holds before a variable,\na variable before the file. TLS and the outside belong to a proxy in front; see docs/server.md',
    );
  for (const { name, help, standard } of Object.values(settings))
    command.option(`${flagOf(name)} <n>`, `${help} (${standard})`);
  command.action(async (options: ServeOptions & Readonly<Record<string, string | undefined>>) => {
    if (options.printConfig) {
      printSettings(await settingsOf(options), options.json === true);
      return;
    }
    if ((options.init === undefined) === (options.dir === undefined))
      throw new CliError(
        'usage',
        `yms serve: expected one of --init DIR and --dir DIR, got ${options.dir === undefined ? 'neither' : 'both'}`,
      );
    refusePassword(options.records);
    const settled = await settingsOf(options);
    const { records } = settled;
    if (records !== null) parseRecordsUrl(records);
    if (options.newKeys) await renewKeys(options.dir, options.json === true);
    else if (options.moveRecords) await move(options.dir, records, options.json === true);
    else if (options.init !== undefined) await init(options.init, records, options.json === true);
    else if (options.dir !== undefined) await serve(options.dir, settled, options.json === true);
  });
}

function settingsOf(options: ServeOptions & Readonly<Record<string, string | undefined>>): Promise<ServerSettings> {
  const { dir, init: made, config: file, ...flags } = options;
  return loadServerSettings({ dir: dir ?? made, file, flags, variables: process.env }).catch((error: unknown) => {
    if (error instanceof SettingsError) for (const fault of error.faults) warn(printable(fault));
    throw error;
  });
}

/** As `yms-server.yaml` has them, with where each is from. */
function printSettings({ file, entries }: ServerSettings, json: boolean): void {
  if (json) printJson({ file, settings: Object.fromEntries(entries.map(({ name, ...entry }) => [name, entry])) });
  else {
    print(`# ${file ?? `no ${serverConfigFile}`}`);
    for (const { name, value, from } of entries)
      print(`${value === null ? '# ' : ''}${name}: ${value ?? ''} # ${from}`);
  }
}

/** Every user of a machine reads its list of processes: a password comes by the environment, or a file of libpq's. */
function refusePassword(option: string | undefined): void {
  if (option === undefined || option === '') return;
  const url = parseRecordsUrl(option);
  if (url.password !== '' || url.searchParams.has('password'))
    throw new CliError('usage', '--records: expected an address without a password, got one with it', {
      hint: 'set YMS_RECORDS to the whole address, or PGPASSWORD to the password',
    });
}

async function renewKeys(dir: string | undefined, json: boolean): Promise<void> {
  if (dir === undefined) throw new CliError('usage', 'yms serve --new-keys: expected --dir, got --init');
  await requireServerFolder(dir);
  const publicKeysPath = await withServerFolder(dir, () => replaceKeys(dir, systemClock));
  if (json) printJson({ publicKeysPath });
  else print(publicKeysPath);
  hint('start the server, and bring these to the ceremony: nothing is signed with them before the root names them');
}

async function move(dir: string | undefined, recordsUrl: string | null, json: boolean): Promise<void> {
  if (dir === undefined) throw new CliError('usage', 'yms serve --move-records: expected --dir DIR, got --init');
  if (recordsUrl === null)
    throw new CliError('usage', 'yms serve --move-records: expected --records URL or YMS_RECORDS, got neither');
  await requireServerFolder(dir);
  const rows = await withServerFolder(dir, () => moveRecords(dir, recordsUrl, { clock: systemClock, log: openLog() }));
  if (json) print(JSON.stringify({ rows }));
  else print(`${rows} rows`);
  hint('start every server of these records with the same --records or YMS_RECORDS');
}

async function init(dir: string, recordsUrl: string | null, json: boolean): Promise<void> {
  const made = await initServer(dir, systemClock, recordsUrl);
  if (json) {
    printJson(made);
    return;
  }
  print(made.adminToken);
  note('this is the first admin token; it is not shown again');
  hint(`take ${made.publicKeysPath} to the ceremony, then run yms serve --dir ${dir}`);
}

/** A file of records belongs to one process; PostgreSQL's may have many, also on the same folder. */
async function serve(dir: string, settled: ServerSettings, json: boolean): Promise<void> {
  const { records: recordsUrl, config } = settled;
  const address = parseListenAddress(settled.listen);
  await requireServerFolder(dir);
  const stopped = stopSignal();
  const run = async (): Promise<void> => {
    const parts = await openServer(dir, { clock: systemClock, log: openLog(), recordsUrl, config });
    const server = await startServer(parts, address);
    if (json) print(JSON.stringify({ url: server.url }));
    else print(server.url);
    await stopped;
    await server.close();
  };
  await (recordsUrl === null ? withServerFolder(dir, run) : run());
}

/** Listens from the start: a signal during the start ends the server in order as well. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
