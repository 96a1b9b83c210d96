import type { Command } from 'commander';
import { CliError } from '../error.js';
import { adminAccess, adminCommand, type AdminOptions, callServer, printObject, segment } from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

const columns = ['id', 'licenseId', 'groupId', 'name', 'client', 'createdAt', 'lastSeenAt', 'flag'];

interface HostSetOptions extends AdminOptions {
  readonly name?: string;
  readonly group?: string | boolean;
  readonly unflag?: true;
}

export function registerHosts(admin: Command): void {
  const hosts = admin.command('hosts').description('the endpoints that took a seat');
  listCommand(hosts, 'list the hosts', {
    path: '/v1/hosts',
    columns,
    filters: {
      license: filterOf.license,
      customer: filterOf.customer,
      group: ['groupId', '<id>', 'only those of a group'],
      flagged: ['flagged', null, 'only those that somebody should look at'],
      'not-seen-since': ['notSeenSince', '<time>', 'only those that were silent since, such as 2026-07-01T00:00:00Z'],
      search: filterOf.search,
    },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(hosts, 'set <id>', 'rename a host, put it into a group, or take its flag away')
    .option('--name <name>', 'what it is called from now on')
    .option('--group <id>', 'the group')
    .option('--no-group', 'no group')
    .option('--unflag', 'it was looked at')
    .action(async (id: string, options: HostSetOptions) => {
      const change = {
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(typeof options.group === 'string' ? { groupId: options.group } : {}),
        ...(options.group === false ? { groupId: null } : {}),
        ...(options.unflag === undefined ? {} : { flag: null }),
      };
      if (Object.keys(change).length === 0)
        throw new CliError('usage', 'yms admin hosts set: expected --name, --group, --no-group or --unflag, got none');
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/hosts/${segment(id)}`, change), options);
    });
  adminCommand(hosts, 'remove <id>', 'free the seat of a host and end its token').action(
    async (id: string, options: AdminOptions) => {
      await callServer(adminAccess(options), 'DELETE', `/v1/hosts/${segment(id)}`);
    },
  );
}

export function registerGroups(admin: Command): void {
  const groups = admin.command('groups').description('hosts of one customer that are managed together');
  listCommand(groups, 'list the groups', {
    path: '/v1/groups',
    columns: ['id', 'customerId', 'name', 'createdAt'],
    filters: { customer: filterOf.customer, search: filterOf.search },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(groups, 'add <name>', 'add a group')
    .requiredOption('--customer <id>', 'whose hosts')
    .action(async (name: string, options: AdminOptions & { readonly customer: string }) => {
      const body = { customerId: options.customer, name };
      printObject(await callServer(adminAccess(options), 'POST', '/v1/groups', body), options);
    });
  adminCommand(groups, 'rename <id> <name>', 'give a group another name').action(
    async (id: string, name: string, options: AdminOptions) => {
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/groups/${segment(id)}`, { name }), options);
    },
  );
  adminCommand(groups, 'remove <id>', 'remove a group; its hosts stay').action(
    async (id: string, options: AdminOptions) => {
      await callServer(adminAccess(options), 'DELETE', `/v1/groups/${segment(id)}`);
    },
  );
}
