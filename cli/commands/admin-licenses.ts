import type { Command } from 'commander';
import { CliError } from '../error.js';
import { note } from '../output.js';
import { registerLicenseActs } from './admin-license-acts.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  type JsonObject,
  printObject,
  segment,
  timeOption,
  wholeNumberOption,
} from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

interface Terms {
  readonly addFeature?: readonly string[];
  readonly removeFeature?: readonly string[];
  readonly feature?: readonly string[];
  readonly seats?: number;
  readonly expires?: string;
}

interface AddOptions extends AdminOptions, Terms {
  readonly customer: string;
  readonly plan?: string;
  readonly channel?: string;
  readonly notBefore?: string;
}

interface SetOptions extends AdminOptions, Terms {
  readonly status?: string;
}

const columns = ['id', 'customerId', 'state', 'features', 'seatsUsed', 'seats', 'channel', 'expiresAt'];

export function registerLicenses(admin: Command): void {
  const licenses = admin.command('licenses').description('what customers may use, and on how many hosts');
  listCommand(licenses, 'list the licenses', {
    path: '/v1/licenses',
    columns,
    filters: {
      customer: filterOf.customer,
      plan: ['planId', '<id>', 'only those of a plan'],
      state: ['state', '<state>', 'only trial, active, grace, expired, suspended or revoked ones'],
      'with-feature': ['feature', '<name>', 'only those that cover it'],
      channel: ['channel', '<name>', 'only those of a channel'],
      'expires-before': ['expiresBefore', '<time>', 'only those that end before, such as 2027-01-01T00:00:00Z'],
      search: ['q', '<words>', 'only those whose customer has these words in the name'],
    },
    sorts: ['createdAt', 'expiresAt', 'seats'],
  });
  adminCommand(licenses, 'add', 'add a license; its key is shown once')
    .requiredOption('--customer <id>', 'who holds it')
    .option('--plan <id>', 'what is sold; without a plan --feature, --seats and --expires say it')
    .option('--feature <names...>', 'what it has, without a plan')
    .option('--add-feature <names...>', 'what it has beyond its plan')
    .option('--remove-feature <names...>', 'what it lacks of its plan')
    .option('--seats <n>', 'on how many hosts', wholeNumberOption)
    .option('--expires <time>', 'when it ends, such as 2027-07-01', timeOption)
    .option('--channel <name>', 'which releases it gets (stable)')
    .option('--not-before <time>', 'when it starts (now)', timeOption)
    .action(async (options: AddOptions) => {
      const { customer, plan, channel, notBefore } = options;
      if (plan === undefined && (!options.feature || options.seats === undefined || options.expires === undefined))
        throw new CliError(
          'usage',
          'yms admin licenses add: expected --plan, or --feature, --seats and --expires, got neither',
        );
      const answer = await callServer(adminAccess(options), 'POST', '/v1/licenses', {
        customerId: customer,
        ...(plan === undefined ? {} : { planId: plan }),
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
    .option('--feature <names...>', 'all features that it has from now on, without a plan')
    .option('--add-feature <names...>', 'all that it has beyond its plan')
    .option('--remove-feature <names...>', 'all that it lacks of its plan')
    .option('--seats <n>', 'on how many hosts', wholeNumberOption)
    .option('--expires <time>', 'when it ends', timeOption)
    .option('--status <status>', 'active, suspended or revoked')
    .action(async (id: string, options: SetOptions) => {
      const change = { ...terms(options), ...(options.status === undefined ? {} : { status: options.status }) };
      if (Object.keys(change).length === 0)
        throw new CliError('usage', 'yms admin licenses set: expected something to change, got nothing');
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/licenses/${segment(id)}`, change), options);
    });
  registerLicenseActs(licenses);
}

function terms({ feature, addFeature, removeFeature, seats, expires }: Terms): JsonObject {
  const split = (lists: readonly string[]) => lists.flatMap((names) => names.split(',')).filter(Boolean);
  return {
    ...(feature === undefined ? {} : { features: split(feature) }),
    ...(addFeature === undefined ? {} : { addedFeatures: split(addFeature) }),
    ...(removeFeature === undefined ? {} : { removedFeatures: split(removeFeature) }),
    ...(seats === undefined ? {} : { seats }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  };
}
