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
  listAll,
  printList,
  printObject,
  segment,
  timeOption,
  wholeNumberOption,
} from './admin-client.js';

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

interface ListOptions extends AdminOptions {
  readonly customer?: string;
  readonly plan?: string;
  readonly state?: string;
  readonly withFeature?: string;
}

interface SetOptions extends AdminOptions, Terms {
  readonly status?: string;
}

const columns = ['id', 'customerId', 'state', 'features', 'seatsUsed', 'seats', 'channel', 'expiresAt'];

export function registerLicenses(admin: Command): void {
  const licenses = admin.command('licenses').description('what customers may use, and on how many hosts');
  adminCommand(licenses, 'list', 'list the licenses')
    .option('--customer <id>', 'only those of a customer')
    .option('--plan <id>', 'only those of a plan')
    .option('--state <state>', 'only trial, active, grace, expired, suspended or revoked ones')
    .option('--with-feature <name>', 'only those that cover it')
    .action(async (options: ListOptions) => {
      const filters = {
        customerId: options.customer,
        planId: options.plan,
        state: options.state,
        feature: options.withFeature,
      };
      const query = Object.entries(filters)
        .filter((entry): entry is [string, string] => entry[1] !== undefined)
        .map(([name, value]) => `${name}=${segment(value)}`);
      printList(await listAll(adminAccess(options), '/v1/licenses', query.join('&')), columns, options);
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
