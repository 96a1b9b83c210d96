import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectStatus, TestServer } from '../../support/server.js';
import { type Operation, operations, resolved, sample, type Schema } from './contract-operations.js';
import { newPlan, sellOfPlan } from '../licensing/sales-support.js';

let server: TestServer;
let log: string[];
let hostToken: string;
const ids: Record<string, string> = {};

/** What no field may choke on: SQL, HTML, headers, terminals, Unicode that looks like something else, odd numbers. */
const hostile: readonly unknown[] = [
  "'; drop table licenses; --",
  '" or 1=1 --',
  '<script>alert(1)</script>',
  '=cmd|calc!A1',
  'a\r\nSet-Cookie: x=1',
  '\u001b[2J\u0007',
  '\u202egnp.exe',
  '\u200badmin',
  'аdmin',
  '\ud800',
  '\u0000',
  'x'.repeat(5000),
  '%00%0d%0a',
  '../../etc/passwd',
  '{{7*7}}${7*7}',
  '',
  0,
  -1,
  1e308,
  2 ** 53 + 2,
  null,
  true,
  [],
  {},
  [[[[]]]],
  { $gt: '' },
  'constructor',
  '__proto__',
];

beforeAll(async () => {
  log = [];
  server = await TestServer.start();
  const planId = await newPlan(server);
  const license = await sellOfPlan(server, planId, { seats: 5 });
  const host = await server.activate(license.licenseKey);
  hostToken = host.token;
  const group = await server.admin('POST', '/v1/groups', { customerId: license.customerId, name: 'g' });
  Object.assign(ids, {
    customers: license.customerId,
    plans: planId,
    licenses: license.id,
    hosts: host.hostId,
    groups: group.json?.['id'],
  });
});
afterAll(() => server.stop());

function send(operation: Operation, { body, query = '', id }: { body?: unknown; query?: string; id?: string }) {
  const kind = operation.path.split('/')[2] ?? '';
  const path = operation.path
    .replace('{id}', id ?? ids[kind] ?? 'nothing')
    .replace('{sha256}', 'a'.repeat(64))
    .replace(/\{\w+\}/g, id ?? 'nothing');
  log.push(`${operation.method} ${path}`);
  return call(server.running.url, operation.method, `${path}${query}`, {
    token: operation['x-permission'] === 'host' ? hostToken : server.adminToken,
    ...(body === undefined ? {} : { json: body }),
  });
}

/** Each member replaced by each hostile value, one at a time. */
function* spoilt(schema: Schema): Generator {
  const { properties = {} } = resolved(schema);
  const whole = sample(schema) as Record<string, unknown>;
  for (const name of Object.keys(properties)) for (const value of hostile) yield { ...whole, [name]: value };
  yield* hostile;
}

const named = (some: readonly Operation[]) => some.map((o) => [`${o.method} ${o.path}`, o] as const);

describe('no hostile body makes the server fail', () => {
  test.each(named(operations.filter(({ body }) => body !== null)))(
    '%s',
    { timeout: 60_000 },
    async (_name, operation) => {
      for (const body of spoilt(operation.body ?? {})) {
        const { status, json } = await send(operation, { body });
        expect(status, JSON.stringify(body)).toBeLessThan(500);
        if (status >= 400) expect(json?.['code'], JSON.stringify(body)).toMatch(/^[a-z0-9-]+$/);
      }
    },
  );
});

describe('no hostile address makes the server fail', () => {
  const words = hostile.filter((value) => typeof value === 'string' && value.isWellFormed()).map(String);
  test.each(named(operations))('%s', { timeout: 60_000 }, async (_name, operation) => {
    for (const word of words) {
      const id = encodeURIComponent(word === '' ? ' ' : word);
      if (operation.path.includes('{')) {
        const { status } = await send(operation, { id, ...(operation.body ? { body: sample(operation.body) } : {}) });
        expect(status, word).toBeLessThan(500);
      }
      if (operation.method !== 'GET') continue;
      for (const parameter of operation.parameters ?? []) {
        const name = parameter.name ?? parameter.$ref?.split('/').at(-1)?.toLowerCase() ?? '';
        if (parameter.in === 'path') continue;
        const { status } = await send(operation, { query: `?${name}=${id}` });
        expect(status, `${name}=${word}`).toBeLessThan(500);
      }
    }
  });
});

test('what is kept of it stands as it came, and nothing was lost', async () => {
  const markup = `<img src=x onerror=alert(1)> '; drop table customers; --`;
  const made = await expectStatus(201, server.admin('POST', '/v1/customers', { name: markup }));
  const shown = await expectStatus(200, server.admin('GET', `/v1/customers/${String(made.json?.['id'])}`));
  expect(shown.json?.['name']).toBe(markup);
  expect(shown.headers.get('content-type')).toContain('application/json');
  expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
  const found = await server.admin('GET', `/v1/customers?q=${encodeURIComponent("'; drop table")}`);
  expect(found.json?.['items']).not.toEqual([]);
  for (const name of ['\u202egnp', 'a\u200bb', 'a\u0000b', 'a\r\nb', '\ud800', ' a'])
    expect((await server.admin('POST', '/v1/customers', { name })).status).toBe(400);
  const deep = `{"name":${'['.repeat(5000)}${']'.repeat(5000)}}`;
  const answer = await server.call('POST', '/v1/customers', {
    token: server.adminToken,
    headers: { 'content-type': 'application/json' },
    body: deep,
  });
  expect(answer.json?.['code']).toBe('json-depth');
  expect(log.length).toBeGreaterThan(1000);
});
