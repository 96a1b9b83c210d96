import type { Command } from 'commander';
import { CliError } from '../error.js';
import { note } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  type JsonObject,
  printObject,
  segment,
  timeOption,
  wholeNumberOption,
} from './admin-client.js';

/** What moves a license from state to state (docs/licensing.md). */
export function registerLicenseActs(licenses: Command): void {
  adminCommand(licenses, 'renew <id>', 'another term')
    .option('--days <n>', 'so long instead of the term of the plan', wholeNumberOption)
    .action((id: string, options: AdminOptions & { readonly days?: number }) =>
      act(id, 'renew', options, options.days === undefined ? {} : { days: options.days }),
    );
  adminCommand(licenses, 'extend <id>', 'a later end')
    .option('--expires <time>', 'the new end, such as 2027-07-01', timeOption)
    .option('--days <n>', 'or so many days after the end that it has', wholeNumberOption)
    .action((id: string, options: AdminOptions & { readonly expires?: string; readonly days?: number }) => {
      const { expires, days } = options;
      if ((expires === undefined) === (days === undefined)) {
        const got = days === undefined ? 'neither' : 'both';
        throw new CliError('usage', `yms admin licenses extend: expected either --expires or --days, got ${got}`);
      }
      return act(id, 'extend', options, days === undefined ? { expiresAt: expires ?? null } : { days });
    });
  adminCommand(licenses, 'upgrade <id>', 'to another plan, larger or smaller')
    .requiredOption('--plan <id>', 'the new plan')
    .option('--seats <n>', 'on how many hosts (as the plan says)', wholeNumberOption)
    .action((id: string, options: AdminOptions & { readonly plan: string; readonly seats?: number }) =>
      act(id, 'upgrade', options, {
        planId: options.plan,
        ...(options.seats === undefined ? {} : { seats: options.seats }),
      }),
    );
  adminCommand(licenses, 'transfer <id>', 'to another customer; the new key is shown once')
    .requiredOption('--customer <id>', 'who gets it')
    .option('--keep-hosts', 'its hosts move along')
    .action(async (id: string, options: AdminOptions & { readonly customer: string; readonly keepHosts?: true }) => {
      await act(id, 'transfer', options, { customerId: options.customer, keepHosts: options.keepHosts === true });
      note('the license key is not shown again; the old one is worth nothing');
    });
  for (const [name, description] of [
    ['suspend', 'serve nothing until it is resumed'],
    ['resume', 'serve a suspended license again'],
    ['revoke', 'end a license for ever'],
  ] as const)
    adminCommand(licenses, `${name} <id>`, description)
      .option('--reason <text>', 'for the audit log')
      .action((id: string, options: AdminOptions & { readonly reason?: string }) =>
        act(id, name, options, options.reason === undefined ? {} : { reason: options.reason }),
      );
}

async function act(id: string, name: string, options: AdminOptions, body: JsonObject): Promise<void> {
  printObject(await callServer(adminAccess(options), 'POST', `/v1/licenses/${segment(id)}/${name}`, body), options);
}
