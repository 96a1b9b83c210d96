import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { withLock } from '../../base/files.js';
import { initServer, lockPath, moveRecords, openServer, requireServerFolder } from '../../server/folder/folder.js';
import { openLog } from '../../server/log.js';
import { type ListenAddress, parseListenAddress, startServer } from '../../server/main.js';
import { parseRecordsUrl } from '../../server/records/postgres.js';
import { CliError } from '../error.js';
import { hint, note, print, printJson } from '../output.js';

interface ServeOptions {
  readonly init?: string;
  readonly dir?: string;
  readonly listen: string;
  readonly records?: string;
  readonly moveRecords?: true;
  readonly json?: true;
}

/** `yms serve`: the distribution server, until it gets SIGINT or SIGTERM. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the distribution server')
    .option(
      '--init <dir>',
      'make the folder of a new server: its keys, its records, the first admin token (shown once)',
    )
    .option('--dir <dir>', 'the folder of the server to run')
    .option('--listen <host:port>', 'where to listen; port 0 takes a free one', '127.0.0.1:8420')
    .option(
      '--records <url>',
      'keep the records in PostgreSQL, postgres://user@host/database; or in YMS_RECORDS, also with a password',
    )
    .option('--move-records', 'copy the records of --dir into the empty database of --records, and end')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nTLS and the outside belong to a proxy in front; see docs/server.md')
    .action(async (options: ServeOptions) => {
      if ((options.init === undefined) === (options.dir === undefined))
        throw new CliError(
          'usage',
          `yms serve: expected one of --init DIR and --dir DIR, got ${options.dir === undefined ? 'neither' : 'both'}`,
        );
      const recordsUrl = recordsAddress(options.records);
      if (options.moveRecords) await move(options.dir, recordsUrl, options.json === true);
      else if (options.init !== undefined) await init(options.init, recordsUrl, options.json === true);
      else if (options.dir !== undefined)
        await serve(options.dir, recordsUrl, parseListenAddress(options.listen), options.json === true);
    });
}

/** Every user of a machine reads its list of processes: a password comes by the environment, or a file of libpq's. */
function recordsAddress(option: string | undefined): string | null {
  const address = option ?? process.env['YMS_RECORDS'] ?? '';
  if (address === '') return null;
  const url = parseRecordsUrl(address);
  if (option !== undefined && (url.password !== '' || url.searchParams.has('password')))
    throw new CliError('usage', '--records: expected an address without a password, got one with it', {
      hint: 'set YMS_RECORDS to the whole address, or PGPASSWORD to the password',
    });
  return address;
}

async function move(dir: string | undefined, recordsUrl: string | null, json: boolean): Promise<void> {
  if (dir === undefined) throw new CliError('usage', 'yms serve --move-records: expected --dir DIR, got --init');
  if (recordsUrl === null)
    throw new CliError('usage', 'yms serve --move-records: expected --records URL or YMS_RECORDS, got neither');
  await requireServerFolder(dir);
  const rows = await withLock(lockPath(dir), () =>
    moveRecords(dir, recordsUrl, { clock: systemClock, log: openLog() }),
  );
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
async function serve(dir: string, recordsUrl: string | null, address: ListenAddress, json: boolean): Promise<void> {
  await requireServerFolder(dir);
  const stopped = stopSignal();
  const run = async (): Promise<void> => {
    const parts = await openServer(dir, { clock: systemClock, log: openLog(), recordsUrl });
    const server = await startServer(parts, address);
    if (json) print(JSON.stringify({ url: server.url }));
    else print(server.url);
    await stopped;
    await server.close();
  };
  await (recordsUrl === null ? withLock(lockPath(dir), run) : run());
}

/** Listens from the start: a signal during the start ends the server in order as well. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
