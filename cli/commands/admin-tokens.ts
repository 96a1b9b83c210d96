import type { Command } from 'commander';
import { note } from '../output.js';
import {
  adminAccess,
  adminCommand,
  type AdminOptions,
  callServer,
  listAll,
  printList,
  printObject,
  segment,
  timeOption,
} from './admin-client.js';

interface AddOptions extends AdminOptions {
  readonly scope: string;
  readonly license?: string;
  readonly expires?: string;
}

const columns = ['id', 'name', 'scope', 'licenseId', 'hostId', 'createdAt', 'expiresAt', 'lastUsedAt'];

export function registerTokens(admin: Command): void {
  const tokens = admin.command('tokens').description('what people and machines show to the server');
  adminCommand(tokens, 'list', 'list the tokens').action(async (options: AdminOptions) => {
    printList(await listAll(adminAccess(options), '/v1/tokens'), columns, options);
  });
  adminCommand(tokens, 'add <name>', 'make a token; it is shown once')
    .requiredOption('--scope <scope>', 'publisher, admin, auditor or feed')
    .option('--license <id>', 'the license of a feed token')
    .option('--expires <time>', 'when it ends, such as 2027-07-01', timeOption)
    .action(async (name: string, options: AddOptions) => {
      const { scope, license, expires } = options;
      const answer = await callServer(adminAccess(options), 'POST', '/v1/tokens', {
        name,
        scope,
        ...(license === undefined ? {} : { licenseId: license }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      });
      printObject(answer, options);
      note('the token is not shown again');
    });
  adminCommand(tokens, 'remove <id>', 'end a token').action(async (id: string, options: AdminOptions) => {
    await callServer(adminAccess(options), 'DELETE', `/v1/tokens/${segment(id)}`);
  });
}
