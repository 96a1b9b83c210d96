/** The API, and the commands of `yms admin`: every write of openapi.yaml has a command, or a reason why it has none. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { registerAdmin } from '../../cli/commands/admin.js';
import { operations } from './http/contract-operations.js';

const commands: Readonly<Record<string, string>> = {
  createCustomer: 'customers add Contoso',
  updateCustomer: 'customers rename ID Contoso',
  createCustomerFeature: 'features add own --customer ID',
  createPlan: 'plans add free --feature sigma --seats 1 --days 30',
  updatePlan: 'plans set ID --seats 2',
  createFeatureMove: 'features move sigma --to ID',
  previewFeatureMove: 'features move sigma --to ID --preview',
  cancelFeatureMove: 'features cancel ID',
  createLicense: 'licenses add --customer ID --plan ID',
  updateLicense: 'licenses set ID --seats 2',
  renewLicense: 'licenses renew ID --days 30',
  extendLicense: 'licenses extend ID --days 30',
  upgradeLicense: 'licenses upgrade ID --plan ID',
  transferLicense: 'licenses transfer ID --customer ID',
  suspendLicense: 'licenses suspend ID',
  resumeLicense: 'licenses resume ID',
  revokeLicense: 'licenses revoke ID',
  updateHost: 'hosts set ID --name db-1',
  deleteHost: 'hosts remove ID',
  createGroup: 'groups add servers --customer ID',
  updateGroup: 'groups rename ID servers',
  deleteGroup: 'groups remove ID',
  createToken: 'tokens add ci --scope publisher',
  deleteToken: 'tokens remove ID',
  rotateToken: 'tokens rotate ID',
  createActivationToken: 'activation-tokens add image --license ID',
  deleteActivationToken: 'activation-tokens remove ID',
  createPerson: 'people invite ada@example.com --name Ada --role owner',
  updatePerson: 'people set ID --role auditor',
  createInvitation: 'people reinvite ID',
};

/** Writes that are steps of a larger command, which has tests of its own. */
const elsewhere: Readonly<Record<string, string>> = {
  putBlob: 'yms publish and yms admin releases: what is signed is uploaded first',
  createCommit: 'yms publish and yms admin releases: what is signed is committed whole',
  createActivation: 'yms activate: an endpoint asks for itself',
  createStatus: 'yms update: an endpoint reports of itself',
  createOfflineActivation: 'yms admin activate: it needs the file of a host, and carries the repository along',
  createOfflineDocument: 'yms bundle export: it carries the repository along',
};

const writes = operations.filter(({ method }) => !['GET', 'HEAD'].includes(method));
const asked: { method: string; path: string; body: string }[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', path: request.url ?? '', body: Buffer.concat(chunks).toString() });
      response.setHeader('Content-Type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => void asked.splice(0));

async function run(line: string): Promise<void> {
  const program = new Command().exitOverride();
  registerAdmin(program);
  const { port } = server.address() as AddressInfo;
  const access = ['--server', `http://127.0.0.1:${port}`, '--token', 'yms_admin_test', '--json'];
  const quiet = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
  for (const stream of quiet) stream.mockReturnValue(true);
  try {
    await program.parseAsync(['admin', ...line.split(' '), ...access], { from: 'user' });
  } finally {
    for (const stream of quiet) stream.mockRestore();
  }
}

describe('a write of the API', () => {
  test('has a command or a reason, and only writes have', () => {
    const told = [...Object.keys(commands), ...Object.keys(elsewhere)];
    expect(told.sort()).toEqual(writes.map(({ operationId }) => operationId).sort());
  });

  test.each(Object.entries(commands))('%s is asked for by: yms admin %s', async (operationId, line) => {
    await run(line);
    const operation = writes.find((one) => one.operationId === operationId);
    expect(asked).toHaveLength(1);
    const [{ method, path } = { method: '', path: '' }] = asked;
    expect(`${method} ${path}`).toBe(`${operation?.method} ${operation?.path.replace('{id}', 'ID')}`);
  });
});

describe('a command that would change nothing', () => {
  test.each([
    'hosts set ID',
    'people set ID',
    'licenses extend ID',
    'licenses extend ID --days 3 --expires 2027-07-01',
  ])('%s is refused before anything is asked for', async (line) => {
    await expect(run(line)).rejects.toMatchObject({ code: 'usage' });
    expect(asked).toEqual([]);
  });
});

describe('a token', () => {
  test.each([
    ['', '--token TOKEN or YMS_TOKEN, got neither'],
    ['a b', 'YMS_TOKEN: expected visible ASCII characters, got a text of 3 characters, a space among them'],
    ['ä', 'YMS_TOKEN: expected visible ASCII characters, got a text of 1 characters, one of them not ASCII'],
  ])('%j is refused for what is wrong with it', async (token, message) => {
    vi.stubEnv('YMS_TOKEN', token);
    try {
      const program = new Command().exitOverride();
      registerAdmin(program);
      const line = ['admin', 'hosts', 'remove', 'ID', '--server', 'http://127.0.0.1:9'];
      await expect(program.parseAsync(line, { from: 'user' })).rejects.toThrow(message);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
