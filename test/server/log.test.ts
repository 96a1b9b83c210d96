import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLog } from '../../server/log.js';
import { expectProblem, expectStatus, type TestHost, TestServer } from '../support/server.js';

const lines: Record<string, unknown>[] = [];
const sink = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
    done();
  },
});

let server: TestServer;
let host: TestHost;
let licenseKey: string;
beforeAll(async () => {
  server = await TestServer.start({ log: openLog(sink) });
  licenseKey = (await server.sellLicense()).licenseKey;
  host = await server.activate(licenseKey);
});
afterAll(() => server.stop());

describe('the log', () => {
  test('has a line for each request, and no secret, query or header in it', async () => {
    await expectStatus(
      200,
      server.call('GET', '/v1/license', { token: host.token, headers: { 'x-request-id': 'r-1' } }),
    );
    await expectProblem(
      401,
      'token-invalid',
      server.call('GET', `/v1/hosts?cursor=${host.token}`, { token: 'wrong-token' }),
    );
    expect(lines.find(({ requestId }) => requestId === 'r-1')).toMatchObject({
      level: 'info',
      method: 'GET',
      path: '/v1/license',
      status: 200,
      whole: true,
    });
    const all = JSON.stringify(lines);
    for (const secret of [host.token, licenseKey, server.adminToken, 'wrong-token']) expect(all).not.toContain(secret);
  });

  test('tells of a failure what its answer does not', async () => {
    const { records } = server.running.deps;
    await records
      .insertInto('metadata')
      .values({ role: 'timestamp', version: 1, body: '{"broken":1}', createdAt: '' })
      .execute();
    const answer = await expectProblem(500, 'internal', server.call('GET', '/readyz'));
    expect(JSON.stringify(answer.json)).not.toContain('broken');
    const line = lines.find(({ requestId, level }) => level === 'error' && requestId === answer.json?.['requestId']);
    expect(JSON.stringify(line)).toContain('caused by: KeyError');
    await records.deleteFrom('metadata').execute();
  });

  test('redacts members that are named like secrets', () => {
    openLog(sink).info(
      { token: 'a-secret', request: { authorization: 'b-secret', deeper: { licenseKey: 'c-secret' } } },
      'x',
    );
    expect(JSON.stringify(lines.at(-1))).not.toMatch(/[abc]-secret/);
  });
});
