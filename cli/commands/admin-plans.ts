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
import { filterOf, listCommand } from './admin-list.js';

interface PlanOptions extends AdminOptions {
  readonly name?: string;
  readonly feature?: readonly string[];
  readonly seats?: number;
  readonly days?: number;
  readonly channel?: string;
  readonly trial?: true;
  readonly graceDays?: number;
  readonly documentDays?: number;
  readonly floatingDays?: number;
  readonly archive?: true;
}

interface MoveOptions extends AdminOptions {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly at?: string;
  readonly keep?: true;
  readonly preview?: true;
}

const planColumns = ['id', 'name', 'features', 'seats', 'durationDays', 'trial', 'graceDays', 'archivedAt'];
const moveColumns = ['id', 'feature', 'fromPlans', 'toPlans', 'effectiveAt', 'appliedAt', 'cancelledAt'];

export function registerPlans(admin: Command): void {
  const plans = admin.command('plans').description('what is sold');
  listCommand(plans, 'list the plans', {
    path: '/v1/plans',
    columns: planColumns,
    filters: { feature: filterOf.feature, search: filterOf.search },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(plans, 'show <id>', 'show a plan').action(async (id: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'GET', `/v1/plans/${segment(id)}`), options);
  });
  terms(adminCommand(plans, 'add <name>', 'add a plan'))
    .option('--trial', 'its licenses are trials')
    .action(async (name: string, options: PlanOptions) => {
      for (const required of ['feature', 'seats', 'days'] as const)
        if (options[required] === undefined)
          throw new CliError('usage', `yms admin plans add: expected --${required}, got none`);
      printObject(await callServer(adminAccess(options), 'POST', '/v1/plans', planBody({ ...options, name })), options);
    });
  terms(adminCommand(plans, 'set <id>', 'change a plan; what is not named stays'))
    .option('--name <name>', 'what it is called')
    .option('--archive', 'sell it no longer; its licenses go on')
    .action(async (id: string, options: PlanOptions) => {
      printObject(
        await callServer(adminAccess(options), 'PATCH', `/v1/plans/${segment(id)}`, planBody(options)),
        options,
      );
    });
}

function terms(command: Command): Command {
  return command
    .option('--feature <names...>', 'all features that it has')
    .option('--seats <n>', 'on how many hosts', wholeNumberOption)
    .option('--days <n>', 'how long a license of it runs', wholeNumberOption)
    .option('--channel <name>', 'which releases it gets (stable)')
    .option('--grace-days <n>', 'how long a license works on after its end', wholeNumberOption)
    .option('--document-days <n>', 'how long a license document is valid (14)', wholeNumberOption)
    .option('--floating-days <n>', 'a seat not seen for so many days comes free', wholeNumberOption);
}

function planBody(options: PlanOptions): JsonObject {
  const { name, feature, seats, days, channel, trial, graceDays, documentDays, floatingDays, archive } = options;
  return {
    ...(name === undefined ? {} : { name }),
    ...(feature === undefined ? {} : { features: feature.flatMap((names) => names.split(',')) }),
    ...(seats === undefined ? {} : { seats }),
    ...(days === undefined ? {} : { durationDays: days }),
    ...(channel === undefined ? {} : { channel }),
    ...(trial === undefined ? {} : { trial }),
    ...(graceDays === undefined ? {} : { graceDays }),
    ...(documentDays === undefined ? {} : { documentDays }),
    ...(floatingDays === undefined ? {} : { floatingDays }),
    ...(archive === undefined ? {} : { archived: true }),
  };
}

export function registerFeatures(admin: Command): void {
  const features = admin.command('features').description('moving features between plans, and features of one customer');
  adminCommand(features, 'move <feature>', 'move a feature between plans, such as from free to premium')
    .option('--from <plans...>', 'plans that lose it', [])
    .option('--to <plans...>', 'plans that get it', [])
    .option('--at <time>', 'when, such as 2027-01-01 (now)', timeOption)
    .option('--keep', 'licenses that have it keep it')
    .option('--preview', 'only say who would lose, gain or keep it')
    .action(async (feature: string, options: MoveOptions) => {
      const { from, to, at, keep, preview } = options;
      const body = {
        feature,
        fromPlans: [...from],
        toPlans: [...to],
        ...(at === undefined ? {} : { effectiveAt: at }),
        ...(keep === undefined ? {} : { keepExisting: true }),
      };
      const path = preview === true ? '/v1/feature-moves/preview' : '/v1/feature-moves';
      printObject(await callServer(adminAccess(options), 'POST', path, body), options);
    });
  adminCommand(features, 'moves', 'list the moves, settled and ahead').action(async (options: AdminOptions) => {
    printList(await listAll(adminAccess(options), '/v1/feature-moves'), moveColumns, options);
  });
  adminCommand(features, 'cancel <move>', 'cancel a move that lies ahead').action(
    async (id: string, options: AdminOptions) => {
      await callServer(adminAccess(options), 'DELETE', `/v1/feature-moves/${segment(id)}`);
    },
  );
  adminCommand(features, 'add <name>', 'make a feature that only one customer can have')
    .requiredOption('--customer <id>', 'whose it is')
    .action(async (name: string, options: AdminOptions & { readonly customer: string }) => {
      const path = `/v1/customers/${segment(options.customer)}/features`;
      printObject(await callServer(adminAccess(options), 'POST', path, { name }), options);
      note('publish its packs under the name that the server has chosen');
    });
}
