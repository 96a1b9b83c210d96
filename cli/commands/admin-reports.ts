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
  },
  seats: {
    description: 'the seats of each license',
    columns: ['licenseId', 'customerName', 'plan', 'state', 'seats', 'seatsUsed', 'expiresAt'],
  },
  documents: {
    description: 'which license documents each host received, and when',
    columns: ['issuedAt', 'hostName', 'licenseId', 'serial', 'state', 'features'],
  },
  downloads: {
    description: 'which files each host received, and when',
    columns: ['firstAt', 'lastAt', 'times', 'hostName', 'path'],
  },
} as const;

export function registerReports(admin: Command): void {
  const group = admin.command('reports').description('what to send on');
  for (const [name, { description, columns }] of Object.entries(reports))
    adminCommand(group, name, description)
      .option('--customer <id>', 'only this customer')
      .addOption(new Option('--csv', 'print everything as CSV').conflicts('json'))
      .action(async (options: AdminOptions & { readonly customer?: string; readonly csv?: true }) => {
        const query = options.customer === undefined ? '' : `customerId=${segment(options.customer)}`;
        const path = `/v1/reports/${name}`;
        if (options.csv)
          print(
            decodeUtf8(await fetchBytes(adminAccess(options), `${path}?format=csv${query && `&${query}`}`)).trimEnd(),
          );
        else printList(await listAll(adminAccess(options), path, query), columns, options);
      });
}
