import type { Command } from 'commander';
import { note } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  printObject,
  segment,
  timeOption,
  wholeNumberOption,
} from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

interface AddOptions extends AdminOptions {
  readonly scope: string;
  readonly license?: string;
  readonly customer?: string;
  readonly permission?: readonly string[];
  readonly expires?: string;
}

const columns = ['id', 'name', 'scope', 'licenseId', 'hostId', 'createdAt', 'expiresAt', 'lastUsedAt'];

export function registerTokens(admin: Command): void {
  const tokens = admin.command('tokens').description('what people and machines show to the server');
  listCommand(tokens, 'list the tokens', {
    path: '/v1/tokens',
    columns,
    filters: {
      scope: ['scope', '<scope>', 'only those of a scope'],
      license: filterOf.license,
      customer: filterOf.customer,
      search: filterOf.search,
    },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(tokens, 'add <name>', 'make a token; it is shown once')
    .requiredOption('--scope <scope>', 'admin, license-manager, publisher, auditor, customer or feed')
    .option('--license <id>', 'the license of a feed token')
    .option('--customer <id>', 'the customer of a customer token')
    .option('--permission <names...>', 'only these of what the scope may do')
    .option('--expires <time>', 'when it ends, such as 2027-07-01', timeOption)
    .action(async (name: string, options: AddOptions) => {
      const { scope, license, customer, permission, expires } = options;
      const answer = await callServer(adminAccess(options), 'POST', '/v1/tokens', {
        name,
        scope,
        ...(license === undefined ? {} : { licenseId: license }),
        ...(customer === undefined ? {} : { customerId: customer }),
        ...(permission === undefined ? {} : { permissions: [...permission] }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      });
      printObject(answer, options);
      note('the token is not shown again');
    });
  adminCommand(tokens, 'remove <id>', 'end a token').action(async (id: string, options: AdminOptions) => {
    await callServer(adminAccess(options), 'DELETE', `/v1/tokens/${segment(id)}`);
  });
  adminCommand(tokens, 'rotate <id>', 'a new token in the place of an old one; it is shown once')
    .option('--grace-hours <n>', 'the old one works on for so long (0)', wholeNumberOption)
    .action(async (id: string, options: AdminOptions & { readonly graceHours?: number }) => {
      const body = options.graceHours === undefined ? {} : { graceHours: options.graceHours };
      printObject(await callServer(adminAccess(options), 'POST', `/v1/tokens/${segment(id)}/rotate`, body), options);
      note('the token is not shown again');
    });
}

interface ActivationOptions extends AdminOptions {
  readonly license: string;
  readonly uses?: number;
  readonly expires?: string;
}

export function registerActivationTokens(admin: Command): void {
  const tokens = admin.command('activation-tokens').description('what activates new hosts as the license key does');
  const path = '/v1/activation-tokens';
  listCommand(tokens, 'list the activation tokens', {
    path,
    columns: ['id', 'name', 'licenseId', 'usesLeft', 'createdAt', 'expiresAt', 'lastUsedAt'],
    filters: { license: filterOf.license },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(tokens, 'add <name>', 'make one; it is shown once')
    .requiredOption('--license <id>', 'whose seats it takes')
    .option('--uses <n>', 'how many new hosts (1)', wholeNumberOption)
    .option('--expires <time>', 'when it ends, such as 2027-07-01', timeOption)
    .action(async (name: string, { license, uses, expires, ...options }: ActivationOptions) => {
      const body = {
        name,
        licenseId: license,
        ...(uses === undefined ? {} : { uses }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      };
      printObject(await callServer(adminAccess(options), 'POST', path, body), options);
      note('the token is not shown again');
    });
  adminCommand(tokens, 'remove <id>', 'end one').action(async (id: string, options: AdminOptions) => {
    await callServer(adminAccess(options), 'DELETE', `${path}/${segment(id)}`);
  });
}
