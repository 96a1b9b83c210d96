import type { Command } from 'commander';
import { CliError } from '../error.js';
import { hint, note } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  type JsonObject,
  printObject,
  segment,
} from './admin-client.js';
import { filterOf, listCommand } from './admin-list.js';

interface InviteOptions extends AdminOptions {
  readonly name: string;
  readonly role: string;
  readonly customer?: string;
}

const columns = ['id', 'email', 'name', 'role', 'state', 'customerId', 'lastSignInAt'];

export function registerPeople(admin: Command): void {
  const people = admin.command('people').description('those who sign in to the console');
  listCommand(people, 'list the people', {
    path: '/v1/people',
    columns,
    filters: {
      role: ['role', '<role>', 'only those with a role'],
      customer: filterOf.customer,
      search: filterOf.search,
    },
    sorts: ['name', 'email'],
  });
  adminCommand(people, 'invite <email>', 'invite somebody; the invitation is shown once')
    .requiredOption('--name <name>', 'what the person is called')
    .requiredOption('--role <role>', 'owner, license-manager, publisher, auditor or customer')
    .option('--customer <id>', 'the customer of a person with role customer')
    .action(async (email: string, options: InviteOptions) => {
      const { name, role, customer } = options;
      const body = { email, name, role, ...(customer === undefined ? {} : { customerId: customer }) };
      printInvitation(await callServer(adminAccess(options), 'POST', '/v1/people', body), options);
    });
  adminCommand(people, 'reinvite <id>', 'a new invitation for a lost password or phone; it ends the old ones').action(
    async (id: string, options: AdminOptions) => {
      const path = `/v1/people/${segment(id)}/invitation`;
      printInvitation(await callServer(adminAccess(options), 'POST', path, {}), options);
    },
  );
  adminCommand(people, 'set <id>', 'change the name or the role of somebody')
    .option('--name <name>', 'what the person is called')
    .option('--role <role>', 'owner, license-manager, publisher, auditor or customer')
    .option('--customer <id>', 'the customer of a person with role customer')
    .action(async (id: string, options: AdminOptions & Partial<InviteOptions>) => {
      const { name, role, customer } = options;
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(role === undefined ? {} : { role }),
        ...(customer === undefined ? {} : { customerId: customer }),
      };
      if (Object.keys(change).length === 0)
        throw new CliError('usage', 'yms admin people set: expected --name, --role or --customer, got none');
      printObject(await callServer(adminAccess(options), 'PATCH', `/v1/people/${segment(id)}`, change), options);
    });
  for (const [name, disabled, description] of [
    ['disable', true, 'shut somebody out, at once'],
    ['enable', false, 'let somebody in again'],
  ] as const)
    adminCommand(people, `${name} <id>`, description).action(async (id: string, options: AdminOptions) => {
      const path = `/v1/people/${segment(id)}`;
      printObject(await callServer(adminAccess(options), 'PATCH', path, { disabled }), options);
    });
}

function printInvitation(answer: JsonObject | null, options: AdminOptions): void {
  printObject(answer, options);
  note('the invitation is not shown again');
  hint('put the address of the server before invitationPath and send it over a channel that you trust');
}
