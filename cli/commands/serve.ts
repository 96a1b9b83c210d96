import type { Command } from 'commander';
import { systemClock } from '../../base/clock.js';
import { withLock } from '../../base/files.js';
import { initServer, lockPath, openServer, requireServerFolder } from '../../server/folder.js';
import { openLog } from '../../server/log.js';
import { parseListenAddress, startServer } from '../../server/main.js';
import { CliError } from '../error.js';
import { hint, note, print, printJson } from '../output.js';

interface ServeOptions {
  readonly init?: string;
  readonly dir?: string;
  readonly listen: string;
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
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nTLS and the outside belong to a proxy in front; see docs/spec/repository.md')
    .action(async (options: ServeOptions) => {
      if ((options.init === undefined) === (options.dir === undefined))
        throw new CliError('usage', 'yms serve: expected one of --init DIR and --dir DIR, got both or none');
      if (options.init !== undefined) await init(options.init, options.json === true);
      else if (options.dir !== undefined) await serve(options.dir, options.listen, options.json === true);
    });
}

async function init(dir: string, json: boolean): Promise<void> {
  const made = await initServer(dir, systemClock);
  if (json) {
    printJson(made);
    return;
  }
  print(made.adminToken);
  note('this is the first admin token; it is not shown again');
  hint(`take ${made.publicKeysPath} to the ceremony, then run yms serve --dir ${dir}`);
}

async function serve(dir: string, listen: string, json: boolean): Promise<void> {
  const address = parseListenAddress(listen);
  await requireServerFolder(dir);
  const stopped = stopSignal();
  await withLock(lockPath(dir), async () => {
    const server = await startServer(await openServer(dir, { clock: systemClock, log: openLog() }), address);
    if (json) print(JSON.stringify({ url: server.url }));
    else print(server.url);
    await stopped;
    await server.close();
  });
}

/** Listens from the start: a signal during the start ends the server in order as well. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
