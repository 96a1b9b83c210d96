import { type Command, Option } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { print } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  fetchBytes,
  listAll,
  printList,
  segment,
} from './admin-client.js';

const reports = {
  usage: {
    description: 'what each customer holds and uses',
    columns: ['customerName', 'usableLicenses', 'seats', 'seatsUsed', 'flaggedHosts', 'lastSeenAt', 'downloads'],
    filters: ['customer'],
  },
  seats: {
    description: 'the seats of each license',
    columns: ['licenseId', 'customerName', 'plan', 'state', 'seats', 'seatsUsed', 'expiresAt'],
    filters: ['customer'],
  },
  documents: {
    description: 'which license documents each host received, and when',
    columns: ['issuedAt', 'hostName', 'licenseId', 'serial', 'state', 'features'],
    filters: ['customer', 'license', 'host', 'since'],
  },
  downloads: {
    description: 'which files each host received, and when',
    columns: ['firstAt', 'lastAt', 'times', 'hostName', 'path'],
    filters: ['customer', 'host', 'since'],
  },
} as const;

/** Option → parameter of the call, and what it says. */
const filters = {
  customer: ['customerId', '--customer <id>', 'only this customer'],
  license: ['licenseId', '--license <id>', 'only this license'],
  host: ['hostId', '--host <id>', 'only this host, also one that was removed'],
  since: ['since', '--since <time>', 'only from this time on, such as 2026-07-01T00:00:00Z'],
} as const;
type Filter = keyof typeof filters;

type ReportOptions = AdminOptions & Partial<Record<Filter, string>> & { readonly csv?: true };

export function registerReports(admin: Command): void {
  const group = admin.command('reports').description('what to send on');
  for (const [name, report] of Object.entries(reports)) {
    const command = adminCommand(group, name, report.description);
    for (const filter of report.filters) command.option(filters[filter][1], filters[filter][2]);
    command
      .addOption(new Option('--csv', 'print everything as CSV').conflicts('json'))
      .action(async (options: ReportOptions) => {
        const query = report.filters
          .flatMap((filter) =>
            options[filter] === undefined ? [] : `${filters[filter][0]}=${segment(options[filter])}`,
          )
          .join('&');
        const path = `/v1/reports/${name}`;
        if (options.csv)
          print(
            decodeUtf8(await fetchBytes(adminAccess(options), `${path}?format=csv${query && `&${query}`}`)).trimEnd(),
          );
        else printList(await listAll(adminAccess(options), path, query), report.columns, options);
      });
  }
}
