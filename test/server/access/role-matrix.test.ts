import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../../server/app.js';
import { permissions, roleOfScope, rolePermissions } from '../../../server/actor/roles.js';
import { type Scope, scopes } from '../../../server/actor/scope.js';
import { type Answer, call, expectStatus, TestServer } from '../../support/server.js';
import { contract, type Operation, operations, resolved, sample } from '../http/contract-operations.js';
import { auditLength, newCustomer, newPlan, sellOfPlan } from '../licensing/sales-support.js';

let server: TestServer;
const tokens: Record<string, string> = {};
/** By path parameter or body member: things of a customer that is not the customer token's. */
const foreign: Record<string, string> = {};
let own: { customerId: string; id: string; hostId: string };

beforeAll(async () => {
  server = await TestServer.start();
  const planId = await newPlan(server);
  const other = await sellOfPlan(server, planId, { seats: 9 });
  const otherHost = await server.activate(other.licenseKey);
  const mine = await sellOfPlan(server, planId, { seats: 9 });
  const myHost = await server.activate(mine.licenseKey);
  own = { customerId: mine.customerId, id: mine.id, hostId: myHost.hostId };
  const make = async (path: string, json: object) =>
    (await expectStatus(201, server.admin('POST', path, json))).json ?? {};
  const group = await make('/v1/groups', { customerId: other.customerId, name: 'foreign' });
  const activation = await make('/v1/activation-tokens', { licenseId: other.id, name: 'foreign' });
  Object.assign(foreign, {
    customers: other.customerId,
    licenses: other.id,
    hosts: otherHost.hostId,
    groups: group['id'],
    'activation-tokens': activation['id'],
    plans: planId,
  });
  tokens['admin'] = server.adminToken;
  for (const scope of ['license-manager', 'publisher', 'auditor'])
    tokens[scope] = String((await make('/v1/tokens', { name: scope, scope }))['token']);
  tokens['customer'] = String(
    (await make('/v1/tokens', { name: 'customer', scope: 'customer', customerId: mine.customerId }))['token'],
  );
  tokens['feed'] = await server.newToken('feed', mine.id);
  tokens['host'] = myHost.token;
  tokens['activation'] = String((await make('/v1/activation-tokens', { licenseId: mine.id, name: 'a' }))['token']);
});
afterAll(() => server.stop());

/** `METHOD /path` of every route of the application, with parameters as in openapi.yaml. */
function routesOf(app: Express): string[] {
  interface Layer {
    readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
    /** Whether it is mounted at the root: the console, under a path of its own, is no part of the API. */
    readonly slash: boolean;
    readonly handle: { readonly stack?: readonly Layer[] };
  }
  const walk = (stack: readonly Layer[]): string[] =>
    stack.flatMap(({ route, slash, handle }) =>
      route
        ? Object.keys(route.methods)
            .filter((method) => method !== '_all')
            .map((method) => `${method.toUpperCase()} ${route.path.replace(/:(\w+)/g, '{$1}')}`)
        : walk(slash ? (handle.stack ?? []) : []),
    );
  return walk((app.router as unknown as { stack: Layer[] }).stack);
}

const named = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

describe('openapi.yaml', () => {
  test('has every route of the server, and no other', () => {
    const routes = routesOf(createApp(server.running.deps));
    expect([...new Set(routes)].sort()).toEqual(named.map(([name]) => name).sort());
  });

  test('says for each call which permission it needs, and every permission is of use', () => {
    const known = ['public', 'licensed', 'host', 'loopback', ...permissions];
    const said = operations.map((operation) => operation['x-permission']);
    for (const permission of said) expect(known).toContain(permission);
    const elsewhere = ['releases:root', 'metrics:read'];
    for (const permission of permissions.filter((name) => !elsewhere.includes(name)))
      expect(said).toContain(permission);
  });

  test('lists the permissions that the code has, and for each write the refusals that any body can meet', () => {
    const listed = contract.components.schemas['Permission']?.enum;
    expect(listed).toEqual(permissions);
    for (const operation of operations.filter(({ method }) => method === 'POST' || method === 'PATCH'))
      if (permissions.some((name) => name === operation['x-permission']))
        for (const status of ['400', '401', '403', '413', '415'])
          expect(Object.keys(operation.responses), operation.operationId).toContain(status);
  });
});

/** An address and body that name nothing that is there: whoever may call gets 400, 404, 409 or 422, or an empty success. */
function ask(operation: Operation, token: string | undefined, id = 'lic-000000000000-0000-000000000000') {
  const path = operation.path
    .replace('{id}', id)
    .replace('{sha256}', 'a'.repeat(64))
    .replace(/\{\w+\}/g, 'nothing');
  return call(server.running.url, operation.method, path, {
    ...(token === undefined ? {} : { token }),
    ...(operation.body === null ? {} : { json: sample(operation.body) }),
    ...(operation.operationId === 'putBlob'
      ? { headers: { 'content-type': 'application/octet-stream' }, body: 'x' }
      : {}),
  });
}

const isRefused = ({ status, json }: Answer) =>
  status === 401 || (status === 403 && json?.['code'] === 'scope-missing');

function may(scope: Scope, permission: string): boolean {
  if (permission === 'public' || permission === 'loopback') return true;
  if (permission === 'licensed') return scope === 'host' || scope === 'feed';
  if (permission === 'host') return scope === 'host';
  const role = roleOfScope(scope);
  return role !== null && rolePermissions[role].some((name) => name === permission);
}

describe.each(named)('%s', (_name, operation) => {
  test.each(scopes)('as %s', async (scope) => {
    const before = await auditLength(server);
    const answer = await ask(operation, tokens[scope]);
    expect(answer.status).not.toBe(500);
    const allowed = may(scope, operation['x-permission']);
    if (operation['x-permission'] === 'public') return;
    if (operation.method === 'HEAD') expect([401, 403].includes(answer.status)).toBe(!allowed);
    else expect(isRefused(answer)).toBe(!allowed);
    if (!allowed) expect(await auditLength(server)).toBe(before);
  });

  test('without a token', async () => {
    const answer = await ask(operation, undefined);
    const open = ['public', 'loopback'].includes(operation['x-permission']);
    if (!open) expect(answer.status).toBe(401);
    else expect(answer.json?.['code']).not.toBe('token-missing');
  });
});

describe('a customer’s own admin', () => {
  const mayCall = operations.filter((operation) => may('customer', operation['x-permission']));

  test.each(mayCall.filter(({ path }) => path.includes('{id}')).map((o) => [`${o.method} ${o.path}`, o] as const))(
    '%s of another customer is as absent as one that never was',
    async (_name, operation) => {
      const before = await auditLength(server);
      const kind = operation.path.split('/')[2] ?? '';
      const id = foreign[kind] ?? expect.fail(`the matrix has no foreign id for ${operation.path}`);
      const answer = await ask(operation, tokens['customer'], id);
      const absent = await ask(operation, tokens['customer']);
      expect(answer.status).toBe(absent.status);
      expect(answer.json?.['code']).toBe(absent.json?.['code']);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await auditLength(server)).toBe(before);
    },
  );

  test.each(
    mayCall.filter(({ path, method }) => method === 'GET' && !path.includes('{')).map((o) => [o.path, o] as const),
  )('GET %s shows nothing of others', async (_name, operation) => {
    if (['public', 'loopback'].includes(operation['x-permission'])) return;
    const answer = await expectStatus(200, ask(operation, tokens['customer']));
    const shown = Buffer.from(answer.bytes).toString('utf8');
    for (const id of [foreign['customers'], foreign['licenses'], foreign['hosts'], foreign['groups']])
      expect(shown).not.toContain(id);
  });

  test('cannot name what is another’s in a body, filter or change', async () => {
    const token = tokens['customer'] ?? '';
    const post = (path: string, json: object) => server.call('POST', path, { token, json });
    expect((await post('/v1/groups', { customerId: foreign['customers'], name: 'x' })).status).toBe(422);
    expect((await post('/v1/activation-tokens', { licenseId: foreign['licenses'], name: 'x' })).status).toBe(422);
    const patch = (json: object) => server.call('PATCH', `/v1/hosts/${own.hostId}`, { token, json });
    expect((await patch({ groupId: foreign['groups'] })).status).toBe(422);
    expect((await patch({ licenseId: foreign['licenses'] })).status).toBe(400);
    for (const path of ['hosts', 'licenses', 'groups', 'reports/usage', 'reports/seats', 'reports/documents']) {
      const answer = await server.call('GET', `/v1/${path}?customerId=${foreign['customers'] ?? ''}`, { token });
      expect(answer.json?.['items']).toEqual([]);
    }
    const mine = await expectStatus(200, server.call('GET', '/v1/licenses', { token }));
    expect((mine.json?.['items'] as { id: string }[]).map(({ id }) => id)).toEqual([own.id]);
    expect((await post('/v1/groups', { customerId: own.customerId, name: 'mine' })).status).toBe(201);
  });
});

describe('a body with a member that nobody asked for', () => {
  /** What somebody would like to set: only where a call does not take the name is it one too many. */
  const extras = {
    id: 'x',
    role: 'owner',
    scope: 'admin',
    status: 'active',
    permissions: ['tokens:write'],
    customerId: 'cus-000000000000-0000-000000000000',
    createdAt: '2026-01-01T00:00:00Z',
    keyDigest: 'x',
    constructor: { name: 'x' },
  };
  test.each(named.filter(([, { body }]) => body !== null))('%s', async (_name, operation) => {
    const token = operation['x-permission'] === 'host' ? tokens['host'] : tokens['admin'];
    const before = await auditLength(server);
    const path = operation.path.replace('{id}', 'lic-000000000000-0000-000000000000');
    const taken = Object.keys(resolved(operation.body ?? {}).properties ?? {});
    const unasked = Object.entries(extras).filter(([name]) => !taken.includes(name));
    expect(unasked.length).toBeGreaterThan(0);
    for (const [name, value] of unasked) {
      const json = { ...(sample(operation.body ?? {}) as object), [name]: value };
      const answer = await call(server.running.url, operation.method, path, { token: token ?? '', json });
      expect(answer.status, name).toBe(400);
      expect(answer.json?.['code']).toBe('request-body');
      expect(JSON.stringify(answer.json?.['errors']), name).toContain(`"#/${name}"`);
    }
    expect(await auditLength(server)).toBe(before);
  });
});

test('customers and tokens with fewer permissions than their role', async () => {
  const customerId = await newCustomer(server);
  const make = (json: object) => server.admin('POST', '/v1/tokens', { name: 'n', ...json });
  const narrow = await expectStatus(201, make({ scope: 'admin', permissions: ['licenses:read', 'tokens:write'] }));
  const token = String(narrow.json?.['token']);
  expect((await server.call('GET', '/v1/licenses', { token })).status).toBe(200);
  expect((await server.call('GET', '/v1/customers', { token })).status).toBe(403);
  const wider = { token, json: { name: 'more', scope: 'admin' } };
  expect((await server.call('POST', '/v1/tokens', wider)).json?.['code']).toBe('scope-missing');
  const same = { token, json: { name: 'same', scope: 'admin', permissions: ['licenses:read'] } };
  expect((await server.call('POST', '/v1/tokens', same)).status).toBe(201);
  expect((await make({ scope: 'customer' })).status).toBe(400);
  expect((await make({ scope: 'auditor', customerId })).status).toBe(400);
  expect((await make({ scope: 'publisher', permissions: ['audit:read'] })).status).toBe(400);
});
