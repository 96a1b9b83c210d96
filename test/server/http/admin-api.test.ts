import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditEntry, auditOrigin, verifyAudit } from '../../../server/audit/audit.js';
import { expectCode } from '../../support/expect-code.js';
import { expectProblem, expectStatus, TestServer } from '../../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ contract: true });
});
afterAll(() => server.stop());

async function auditLog(): Promise<AuditEntry[]> {
  return (await expectStatus(200, server.admin('GET', '/v1/audit?limit=500'))).json?.['items'] as AuditEntry[];
}

describe('lists', () => {
  test('come in pages that neither repeat nor leave out', async () => {
    for (let i = 0; i < 7; i++)
      await expectStatus(201, server.admin('POST', '/v1/customers', { name: `customer ${i}` }));
    const seen: unknown[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await expectStatus(200, server.admin('GET', `/v1/customers?limit=3${query}`))).json;
      seen.push(...(page?.['items'] as { name: string }[]).map(({ name }) => name));
      cursor = page?.['next'] as string | null;
      pages++;
    } while (cursor !== null);
    expect(pages).toBe(3);
    expect(seen).toEqual(Array.from({ length: 7 }, (_, i) => `customer ${i}`));
  });
});

describe('licenses', () => {
  test('are shown with their state and seats, and changed by what is named', async () => {
    const { id, licenseKey } = await server.sellLicense({ features: ['sigma', 'mining-pools'], seats: 3 });
    await server.activate(licenseKey);
    await server.activate(licenseKey);
    const shown = await expectStatus(200, server.admin('GET', `/v1/licenses/${id}`));
    expect(shown.json).toMatchObject({ state: 'active', seats: 3, seatsUsed: 2, features: ['mining-pools', 'sigma'] });
    expect(JSON.stringify(shown.json)).not.toMatch(/digest/i);
    await expectProblem(409, 'seats-in-use', server.admin('PATCH', `/v1/licenses/${id}`, { seats: 1 }));
    await expectProblem(400, 'request-body', server.admin('PATCH', `/v1/licenses/${id}`, {}));
    await expectProblem(
      400,
      'request-body',
      server.admin('PATCH', `/v1/licenses/${id}`, { expiresAt: '2020-01-01T00:00:00Z' }),
    );
    const changed = await expectStatus(
      200,
      server.admin('PATCH', `/v1/licenses/${id}`, { seats: 2, status: 'suspended' }),
    );
    expect(changed.json).toMatchObject({ seats: 2, state: 'suspended', features: ['mining-pools', 'sigma'] });
    expect((await server.admin('GET', `/v1/licenses/${id}`)).json).toEqual(changed.json);
  });
});

describe('hosts', () => {
  test('are listed by license with their last report', async () => {
    const { id, licenseKey } = await server.sellLicense();
    const host = await server.activate(licenseKey);
    const report = {
      client: '0.2.0',
      sequenceSeen: 4,
      packs: [
        {
          feature: 'sigma',
          pack: 'core',
          channel: 'stable',
          version: '2026.7.1',
          sequence: 1,
          contentDigest: 'a'.repeat(64),
          installedAt: '2026-07-01T00:00:00Z',
        },
      ],
      lastError: { code: 'payload-truncated', message: 'pack: expected more' },
    };
    await expectStatus(204, server.call('POST', '/v1/status', { token: host.token, json: report }));
    const [shown] = (await server.admin('GET', `/v1/hosts?licenseId=${id}`)).json?.['items'] as object[];
    expect(shown).toMatchObject({
      id: host.hostId,
      client: '0.2.0',
      status: report,
      keyid: host.hostKey.publicKey.keyid,
    });
    await expectProblem(
      400,
      'request-body',
      server.call('POST', '/v1/status', { token: host.token, json: { ...report, hostname: 'other' } }),
    );
    await expectProblem(
      403,
      'scope-missing',
      server.call('POST', '/v1/status', { token: server.adminToken, json: report }),
    );
    expect((await server.admin('GET', `/v1/hosts?licenseId=${id}`)).json?.['items']).toEqual([shown]);
  });
});

describe('the audit log', () => {
  test('has every act, its actor, and a chain that holds', async () => {
    const before = (await auditLog()).length;
    const { id, licenseKey } = await server.sellLicense();
    await server.admin('PATCH', `/v1/licenses/${id}`, { status: 'suspended' });
    await server.admin('PATCH', `/v1/licenses/${id}`, { status: 'active' });
    const host = await server.activate(licenseKey);
    await server.newToken('publisher');
    await server.holdCeremony();
    await server.admin('DELETE', `/v1/hosts/${host.hostId}`);
    const log = await auditLog();
    expect(log.slice(before).map(({ action }) => action)).toEqual([
      'customer.create',
      'license.create',
      'license.update',
      'license.update',
      'host.activate',
      'token.create',
      'blob.upload',
      'release.commit',
      'host.delete',
    ]);
    expect(log.at(-1)).toMatchObject({ actor: expect.stringMatching(/^token:tok-/) as string, subject: host.hostId });
    expect(verifyAudit(log)).toBe(log.at(-1)?.hash);
  });

  test('shows an entry that was changed, taken out, put in or moved', async () => {
    const log = await auditLog();
    const at = 3;
    const entry = log[at];
    if (!entry) return expect.fail('no entry');
    const forged = [
      log.with(at, { ...entry, actor: 'token:other' }),
      log.with(at, { ...entry, details: {} }),
      log.toSpliced(at, 1),
      log.toSpliced(at, 0, entry),
      log.with(at, log[at + 1] ?? entry).with(at + 1, entry),
      log.slice(1),
    ];
    for (const entries of forged) await expectCode('audit-chain', () => verifyAudit(entries));
    expect(verifyAudit([])).toBe(auditOrigin);
  });

  test('does not have what was refused', async () => {
    const before = await auditLog();
    await expectProblem(400, 'request-body', server.admin('POST', '/v1/customers', { name: '' }));
    await expectProblem(404, 'not-found', server.admin('DELETE', '/v1/hosts/hst-000000000000-0000-000000000000'));
    await expectProblem(
      409,
      'version-not-next',
      server.commit({
        roots: [server.trustDomain.nextRoot(server.publicKeys), server.trustDomain.nextRoot(server.publicKeys)].slice(
          1,
        ),
      }),
    );
    expect(await auditLog()).toEqual(before);
  });
});
