import type { Command } from 'commander';
import { type AuditEntry, verifyAudit } from '../../server/audit.js';
import { print, printJson } from '../output.js';
import { adminAccess, adminCommand, type AdminOptions, listAll, printList } from './admin-client.js';

const columns = ['sequence', 'at', 'actor', 'action', 'subject', 'details'];

export function registerAudit(admin: Command): void {
  const audit = admin.command('audit').description('what was done, by whom, in a chain of hashes');
  adminCommand(audit, 'list', 'list all entries').action(async (options: AdminOptions) => {
    printList(await listAll(adminAccess(options), '/v1/audit'), columns, options);
  });
  adminCommand(audit, 'verify', 'follow the chain and print its head; note it elsewhere to notice a cut').action(
    async (options: AdminOptions) => {
      const entries = (await listAll(adminAccess(options), '/v1/audit')) as unknown as AuditEntry[];
      const head = verifyAudit(entries);
      if (options.json) printJson({ entries: entries.length, head });
      else print(`${entries.length} ${head}`);
    },
  );
}
