import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestServer } from '../support/server.js';
import { ymsProgram } from '../support/program.js';

let server: TestServer;
let dir: string;
beforeAll(async () => {
  server = await TestServer.start();
  dir = await mkdtemp(join(tmpdir(), 'yms-admin-'));
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function admin(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, YMS_SERVER: server.url, YMS_TOKEN: server.adminToken };
  return new Promise((resolve) => {
    execFile(process.execPath, [ymsProgram, 'admin', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await admin(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('plans, licenses of a plan, a feature that moves, reports', { timeout: 120_000 }, async () => {
  const free = await json('plans', 'add', 'free', '--feature', 'sigma', '--seats', '2', '--days', '30');
  const paid = await json('plans', 'add', 'paid', '--feature', 'premium', '--seats', '9', '--days', '365');
  const customer = await json('customers', 'add', 'Example Ltd');
  const customerId = String(customer['id']);
  const sold = await json('licenses', 'add', '--customer', customerId, '--plan', String(free['id']));
  const id = String(sold['id']);
  const move = ['features', 'move', 'sigma', '--from', String(free['id']), '--to', String(paid['id'])];
  expect(await json(...move, '--preview')).toMatchObject({ loses: [{ licenseId: id }] });
  await json(...move);
  expect(await json('licenses', 'show', id)).toMatchObject({ features: [] });
  expect(await json('licenses', 'upgrade', id, '--plan', String(paid['id']))).toMatchObject({ seats: 9 });
  await json('licenses', 'suspend', id, '--reason', 'unpaid');
  const refused = await admin('licenses', 'renew', id);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('transition-refused');
  const names = async (...args: string[]) =>
    ((await json(...args)) as unknown as Record<string, unknown>[]).map(({ name, id: itself }) => name ?? itself);
  expect(await names('plans', 'list', '--sort', '-name')).toEqual(['paid', 'free']);
  expect(await names('plans', 'list', '--feature', 'premium')).toEqual(['paid']);
  expect(await names('customers', 'list', '--search', 'example')).toEqual(['Example Ltd']);
  expect(await names('licenses', 'list', '--state', 'suspended', '--with-feature', 'premium')).toEqual([id]);
  expect(await names('hosts', 'list', '--flagged', '--not-seen-since', '2026-07-01T00:00:00Z')).toEqual([]);
  const wrong = await admin('plans', 'list', '--sort', 'price');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  const nobody = ['--host', 'hst-000000000000-0000-000000000000', '--since', '2026-07-01T00:00:00Z'];
  expect(await json('reports', 'documents', ...nobody)).toEqual([]);
  const csv = await admin('reports', 'seats', '--csv');
  expect(csv.stdout).toContain(`${id},${customerId},Example Ltd,paid,suspended,premium ; sigma,9,0,`);
});

describe('the audit log', () => {
  test('is exported and verified; a cut tail shows against a head that was kept', { timeout: 120_000 }, async () => {
    const [file, head] = [join(dir, 'audit.jsonl'), join(dir, 'audit-head.json')];
    const key = join(server.dir, 'keys', 'license.pub');
    await json('customers', 'add', 'before the head');
    expect((await admin('audit', 'head', head)).code).toBe(0);
    await json('customers', 'add', 'after the head');
    expect((await admin('audit', 'export', file)).code).toBe(0);
    expect(await json('audit', 'verify', '--head', head, '--key', key)).toMatchObject({
      kept: { sequence: expect.any(Number) as number },
    });
    expect((await admin('audit', 'verify', '--file', file, '--head', head)).code).toBe(0);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const cut = join(dir, 'cut.jsonl');
    await writeFile(cut, `${lines.slice(0, -2).join('\n')}\n`);
    expect((await admin('audit', 'verify', '--file', cut)).code).toBe(0); // the chain alone cannot tell
    const told = await admin('audit', 'verify', '--file', cut, '--head', head);
    expect(told.code).toBe(1);
    expect(told.stderr).toContain('audit-head');
    const forged = await readFile(head, 'utf8');
    await writeFile(head, forged.replace(/"sig":"../, '"sig":"AA'));
    const unsigned = await admin('audit', 'verify', '--head', head, '--key', key);
    expect(unsigned.code).toBe(1);
    expect(unsigned.stderr).toContain('signature-invalid');
  });
});
