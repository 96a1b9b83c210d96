import { expectStatus, type TestServer } from '../../support/server.js';

/** A plan as a test needs it. */
export async function newPlan(server: TestServer, terms: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const answer = await expectStatus(
    201,
    server.admin('POST', '/v1/plans', { name: 'Basic', features: ['sigma'], seats: 2, durationDays: 365, ...terms }),
  );
  return String(answer.json?.['id']);
}

export async function newCustomer(server: TestServer, name = 'Example Ltd'): Promise<string> {
  return String((await expectStatus(201, server.admin('POST', '/v1/customers', { name }))).json?.['id']);
}

/** A license of a plan, for a customer of its own unless one is named. */
export async function sellOfPlan(
  server: TestServer,
  planId: string,
  terms: Readonly<Record<string, unknown>> = {},
): Promise<{ id: string; licenseKey: string; customerId: string }> {
  const named = terms['customerId'];
  const customerId = typeof named === 'string' ? named : await newCustomer(server);
  const answer = await expectStatus(201, server.admin('POST', '/v1/licenses', { planId, ...terms, customerId }));
  return { id: String(answer.json?.['id']), licenseKey: String(answer.json?.['licenseKey']), customerId };
}

export async function auditLength(server: TestServer): Promise<number> {
  const rows = await server.running.deps.records.selectFrom('audit').select('sequence').execute();
  return rows.length;
}
