import type { Command } from 'commander';
import { adminAccess, adminCommand, type AdminOptions, callServer, printObject, segment } from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

export function registerCustomers(admin: Command): void {
  const customers = admin.command('customers').description('those who hold licenses');
  listCommand(customers, 'list the customers', {
    path: '/v1/customers',
    columns: ['id', 'name', 'createdAt'],
    filters: { search: filterOf.search },
    sorts: ['name', 'createdAt'],
  });
  adminCommand(customers, 'add <name>', 'add a customer').action(async (name: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'POST', '/v1/customers', { name }), options);
  });
  adminCommand(customers, 'rename <id> <name>', 'give a customer another name').action(
    async (id: string, name: string, options: AdminOptions) => {
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/customers/${segment(id)}`, { name }), options);
    },
  );
  adminCommand(customers, 'show <id>', 'show a customer').action(async (id: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'GET', `/v1/customers/${segment(id)}`), options);
  });
}
