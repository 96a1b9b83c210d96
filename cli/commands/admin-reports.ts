import { type Command, Option } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { print } from '../output.js';
import { adminAccess, adminCommand, fetchBytes, listAll, printList } from './admin-client.js';
import { type Filters, filterOf, type ListOptions, queryOf, withFilters } from './admin-list.js';

const reports = {
  usage: {
    description: 'what each customer holds and uses',
    columns: ['customerName', 'usableLicenses', 'seats', 'seatsUsed', 'flaggedHosts', 'lastSeenAt', 'downloads'],
    filters: ['customer'],
    sorts: ['name'],
  },
  seats: {
    description: 'the seats of each license',
    columns: ['licenseId', 'customerName', 'plan', 'state', 'seats', 'seatsUsed', 'expiresAt'],
    filters: ['customer'],
    sorts: ['expiresAt'],
  },
  documents: {
    description: 'which license documents each host received, and when',
    columns: ['issuedAt', 'hostName', 'licenseId', 'serial', 'state', 'features'],
    filters: ['customer', 'license', 'host', 'since'],
    sorts: ['issuedAt'],
  },
  downloads: {
    description: 'which files each host received, and when',
    columns: ['firstAt', 'lastAt', 'times', 'hostName', 'path'],
    filters: ['customer', 'host', 'since'],
    sorts: ['firstAt'],
  },
} as const;

const filters = {
  customer: filterOf.customer,
  license: filterOf.license,
  host: ['hostId', '<id>', 'only this host, also one that was removed'],
  since: ['since', '<time>', 'only from this time on, such as 2026-07-01T00:00:00Z'],
} as const satisfies Filters;

export function registerReports(admin: Command): void {
  const group = admin.command('reports').description('what to send on');
  for (const [name, { description, columns, filters: names, sorts }] of Object.entries(reports)) {
    const list = { filters: Object.fromEntries(names.map((filter) => [filter, filters[filter]])), sorts };
    withFilters(adminCommand(group, name, description), list)
      .addOption(new Option('--csv', 'print everything as CSV').conflicts('json'))
      .action(async (options: ListOptions & { readonly csv?: true }) => {
        const [path, query] = [`/v1/reports/${name}`, queryOf(list, options)];
        if (options.csv)
          print(
            decodeUtf8(await fetchBytes(adminAccess(options), `${path}?format=csv${query && `&${query}`}`)).trimEnd(),
          );
        else printList(await listAll(adminAccess(options), path, query), columns, options);
      });
  }
}
