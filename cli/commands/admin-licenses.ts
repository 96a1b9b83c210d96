import type { Command } from 'commander';
import { CliError } from '../error.js';
import { note } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  type JsonObject,
  listAll,
  printList,
  printObject,
  segment,
  timeOption,
  wholeNumberOption,
} from './admin-client.js';

interface Terms {
  readonly feature?: readonly string[];
  readonly seats?: number;
  readonly expires?: string;
}

interface AddOptions extends AdminOptions, Terms {
  readonly customer: string;
  readonly channel?: string;
  readonly notBefore?: string;
}

interface SetOptions extends AdminOptions, Terms {
  readonly status?: string;
}

const columns = ['id', 'customerId', 'state', 'features', 'seatsUsed', 'seats', 'channel', 'expiresAt'];

export function registerLicenses(admin: Command): void {
  const licenses = admin.command('licenses').description('what customers may use, and on how many hosts');
  adminCommand(licenses, 'list', 'list the licenses').action(async (options: AdminOptions) => {
    printList(await listAll(adminAccess(options), '/v1/licenses'), columns, options);
  });
  adminCommand(licenses, 'add', 'add a license; its key is shown once')
    .requiredOption('--customer <id>', 'who holds it')
    .requiredOption('--feature <names...>', 'what it has')
    .requiredOption('--seats <n>', 'on how many hosts', wholeNumberOption)
    .requiredOption('--expires <time>', 'when it ends, such as 2027-07-01', timeOption)
    .option('--channel <name>', 'which releases it gets (stable)')
    .option('--not-before <time>', 'when it starts (now)', timeOption)
    .action(async (options: AddOptions) => {
      const { customer, channel, notBefore } = options;
      const answer = await callServer(adminAccess(options), 'POST', '/v1/licenses', {
        customerId: customer,
        ...terms(options),
        ...(channel === undefined ? {} : { channel }),
        ...(notBefore === undefined ? {} : { notBefore }),
      });
      printObject(answer, options);
      note('the license key is not shown again');
    });
  adminCommand(licenses, 'show <id>', 'show a license').action(async (id: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'GET', `/v1/licenses/${segment(id)}`), options);
  });
  adminCommand(licenses, 'set <id>', 'change a license; what is not named stays')
    .option('--feature <names...>', 'all features that it has from now on')
    .option('--seats <n>', 'on how many hosts', wholeNumberOption)
    .option('--expires <time>', 'when it ends', timeOption)
    .option('--status <status>', 'active, suspended or revoked')
    .action(async (id: string, options: SetOptions) => {
      const change = { ...terms(options), ...(options.status === undefined ? {} : { status: options.status }) };
      if (Object.keys(change).length === 0)
        throw new CliError('usage', 'yms admin licenses set: expected something to change, got nothing');
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/licenses/${segment(id)}`, change), options);
    });
}

function terms({ feature, seats, expires }: Terms): JsonObject {
  return {
    ...(feature === undefined ? {} : { features: feature.flatMap((names) => names.split(',')) }),
    ...(seats === undefined ? {} : { seats }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  };
}
