import type { Command } from 'commander';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  listAll,
  printList,
  segment,
} from './admin-client.js';

const columns = ['id', 'licenseId', 'name', 'client', 'createdAt', 'statusAt'];

export function registerHosts(admin: Command): void {
  const hosts = admin.command('hosts').description('the endpoints that took a seat');
  adminCommand(hosts, 'list', 'list the hosts')
    .option('--license <id>', 'only those of a license')
    .action(async (options: AdminOptions & { readonly license?: string }) => {
      const query = options.license === undefined ? '' : `licenseId=${segment(options.license)}`;
      printList(await listAll(adminAccess(options), '/v1/hosts', query), columns, options);
    });
  adminCommand(hosts, 'remove <id>', 'free the seat of a host and end its token').action(
    async (id: string, options: AdminOptions) => {
      await callServer(adminAccess(options), 'DELETE', `/v1/hosts/${segment(id)}`);
    },
  );
}
