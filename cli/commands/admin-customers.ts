import type { Command } from 'commander';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  listAll,
  printList,
  printObject,
  segment,
} from './admin-client.js';

export function registerCustomers(admin: Command): void {
  const customers = admin.command('customers').description('those who hold licenses');
  adminCommand(customers, 'list', 'list the customers').action(async (options: AdminOptions) => {
    printList(await listAll(adminAccess(options), '/v1/customers'), ['id', 'name', 'createdAt'], options);
  });
  adminCommand(customers, 'add <name>', 'add a customer').action(async (name: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'POST', '/v1/customers', { name }), options);
  });
  adminCommand(customers, 'show <id>', 'show a customer').action(async (id: string, options: AdminOptions) => {
    printObject(await callServer(adminAccess(options), 'GET', `/v1/customers/${segment(id)}`), options);
  });
}
