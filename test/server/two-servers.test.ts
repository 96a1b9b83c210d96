import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds, hourMs } from '../../base/clock.js';
import { encodePublicKey } from '../../keys/key.js';
import { parseEnvelope } from '../../keys/envelope.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey, signerOf } from '../../keys/signing.js';
import { parseLicense } from '../../packs/license.js';
import { auditEntry, verifyAudit } from '../../server/audit/audit.js';
import type { ServerDeps } from '../../server/deps.js';
import { jobs, runJob } from '../../server/jobs.js';
import { observeExpiry } from '../../server/repository/expiry.js';
import { refreshStale } from '../../server/repository/refresh.js';
import { Attempts } from '../../server/access/people/attempts.js';
import { currentRole } from '../../server/repository/repository.js';
import { expectCode } from '../support/expect-code.js';
import { joinedPerson } from '../support/person.js';
import {
  type Answer,
  call,
  type CallOptions,
  expectProblem,
  expectStatus,
  type SecondServer,
  TestServer,
} from '../support/server.js';
import { type EmptyStore, stores } from '../support/stores.js';
import { served } from './repository/commit-support.js';
import { newCustomer, newPlan, sellOfPlan } from './licensing/sales-support.js';

/** What relies on one thing happening at a time must hold however many servers write to the same records. */
describe.each(stores)('two servers on the same records on $name', ({ open }) => {
  let store: EmptyStore;
  let server: TestServer;
  let second: SecondServer;
  beforeAll(async () => {
    store = await open();
    server = await TestServer.start({ recordsUrl: store.recordsUrl });
    second = await server.startSecond();
    await server.holdCeremony();
  });
  afterAll(async () => {
    await second.close();
    await server.stop();
    await store.close();
  });

  /** Every second one asks the other server. */
  const at = (i: number) => (i % 2 === 0 ? server.url : second.url);
  const admin = (i: number, method: string, path: string, options: CallOptions = {}): Promise<Answer> =>
    call(at(i), method, path, { token: server.adminToken, ...options });
  const many = <T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => work(i)));
  const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort();
  const ask = (i: number, licenseKey: string): Promise<Answer> =>
    call(at(i), 'POST', '/v1/activations', {
      json: { licenseKey, hostKey: encodePublicKey(newSealingKey().publicKey), name: `h${i}`, client: '0.1.0' },
    });
  const entries = (deps: ServerDeps = server.running.deps) =>
    deps.records.selectFrom('audit').selectAll().orderBy('sequence').execute();
  const versions = async () => {
    const { records } = second.deps;
    const [snapshot, timestamp] = [await currentRole(records, 'snapshot'), await currentRole(records, 'timestamp')];
    return { snapshot: snapshot?.signed.version ?? 0, timestamp: timestamp?.signed.version ?? 0 };
  };

  test('give ten seats to ten of fifty', async () => {
    const { id, licenseKey } = await sellOfPlan(server, await newPlan(server, { seats: 10 }));
    const answers = await many(50, (i) => ask(i, licenseKey));
    expect(statuses(answers)).toEqual([...Array<number>(10).fill(201), ...Array<number>(40).fill(409)]);
    for (const { status, json } of answers) if (status === 409) expect(json?.['code']).toBe('seats-exhausted');
    expect((await admin(1, 'GET', `/v1/licenses/${id}`)).json?.['seatsUsed']).toBe(10);
  });

  test('spend an activation token as often as it says', async () => {
    const { id } = await sellOfPlan(server, await newPlan(server, { seats: 30 }));
    const json = { name: 'rollout', licenseId: id, uses: 3 };
    const made = await expectStatus(201, admin(0, 'POST', '/v1/activation-tokens', { json }));
    const answers = await many(12, (i) => ask(i, String(made.json?.['token'])));
    expect(statuses(answers).filter((status) => status === 201)).toHaveLength(3);
    expect((await admin(1, 'GET', `/v1/licenses/${id}`)).json?.['seatsUsed']).toBe(3);
  });

  test('give the one floating seat that comes free to one of those who come back', async () => {
    const plan = await newPlan(server, { seats: 1, floatingDays: 2 });
    const { id, licenseKey } = await sellOfPlan(server, plan);
    const gone = [];
    for (let i = 0; i < 4; i++) {
      gone.push(await server.activate(licenseKey));
      server.clock.advanceMs(3 * dayMs);
    }
    const back = await Promise.all(
      gone.slice(0, 3).map(({ token }, i) => call(at(i), 'GET', '/v1/license', { token })),
    );
    expect(statuses(back)).toEqual([200, 409, 409]);
    expect((await admin(1, 'GET', `/v1/licenses/${id}`)).json?.['seatsUsed']).toBe(1);
  });

  test('number the documents of a license without a gap or a double, and keep the newest', async () => {
    const { licenseKey } = await sellOfPlan(server, await newPlan(server, { seats: 6 }));
    const hosts = await many(6, () => server.activate(licenseKey));
    const answers = await many(18, (i) =>
      call(at(i), 'GET', '/v1/license', { token: hosts[i % hosts.length]?.token ?? '' }),
    );
    const documents = answers.map(({ bytes }) => parseLicense(parseEnvelope(bytes).payload));
    const serials = new Set(documents.map(({ serial }) => serial));
    expect([...serials].sort((a, b) => a - b)).toEqual(Array.from(serials, (_, i) => i + 1));
    for (const { hostId, token } of hosts) {
      const held = parseLicense(parseEnvelope((await server.call('GET', '/v1/license', { token })).bytes).payload);
      const ofHost = documents.filter(({ host }) => host.id === hostId).map(({ serial }) => serial);
      expect(held.serial).toBe(Math.max(...ofHost));
    }
  });

  test('take one of two commits of the same version, and both of different features', async () => {
    const packs = [await server.seal('sigma', 1), await server.seal('sigma', 2)];
    for (const { bytes } of packs) await server.upload(bytes);
    const files = packs.map((pack) => {
      server.trustDomain.roles.delete('sigma');
      return Buffer.from(server.trustDomain.nextRole('sigma', [pack])).toString('base64');
    });
    const answers = await many(2, (i) => admin(i, 'POST', '/v1/commits', { json: { roles: { sigma: files[i] } } }));
    expect(statuses(answers)).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.json?.['code']).toBe('version-not-next');
    expect((await admin(1, 'GET', '/v1/releases')).json?.['items']).toHaveLength(1);

    const features = ['premium', 'mining-pools'];
    const roles = features.map((feature) => Buffer.from(server.trustDomain.nextRole(feature, [])).toString('base64'));
    const both = await many(2, (i) =>
      admin(i, 'POST', '/v1/commits', { json: { roles: { [features[i] ?? '']: roles[i] } } }),
    );
    expect(statuses(both)).toEqual([201, 201]);
    const snapshot = await currentRole(second.deps.records, 'snapshot');
    expect(Object.keys(snapshot?.signed.meta ?? {}).sort()).toEqual(
      ['mining-pools.json', 'premium.json', 'sigma.json', 'targets.json'].sort(),
    );
  });

  test('let a change go through once when two have seen the same state', async () => {
    const customer = await newCustomer(server);
    const { id } = await sellOfPlan(server, await newPlan(server));
    const group = await admin(0, 'POST', '/v1/groups', { json: { customerId: customer, name: 'a' } });
    const plan = await newPlan(server);
    for (const [path, change] of [
      [`/v1/customers/${customer}`, { name: 'b' }],
      [`/v1/licenses/${id}`, { seats: 7 }],
      [`/v1/groups/${String(group.json?.['id'])}`, { name: 'b' }],
      [`/v1/plans/${plan}`, { seats: 7 }],
    ] as const) {
      const headers = { 'if-match': (await admin(1, 'GET', path)).headers.get('etag') ?? '' };
      const answers = await many(4, (i) => admin(i, 'PATCH', path, { headers, json: change }));
      expect(statuses(answers), path).toEqual([200, 412, 412, 412]);
    }
  });

  test('never lose the last owner, nor rotate a token twice', async () => {
    const owners = [
      await joinedPerson(server.running.deps, 'owner', 'ada@example.com'),
      await joinedPerson(server.running.deps, 'owner', 'bob@example.com'),
    ];
    const answers = await many(2, (i) =>
      admin(i, 'PATCH', `/v1/people/${owners[i]?.person.id ?? ''}`, { json: { role: 'auditor' } }),
    );
    expect(statuses(answers)).toEqual([200, 409]);
    const made = await admin(0, 'POST', '/v1/tokens', { json: { name: 'ci', scope: 'auditor' } });
    const path = `/v1/tokens/${String(made.json?.['id'])}/rotate`;
    expect(statuses(await many(4, (i) => admin(i, 'POST', path, { json: {} })))).toEqual([201, 404, 404, 404]);
  });

  test('do a call with one Idempotency-Key once, and give all who repeat it the same answer', async () => {
    const headers = { 'idempotency-key': 'sell-once' };
    const json = { customerId: await newCustomer(server), planId: await newPlan(server) };
    const before = (await entries()).length;
    const answers = await many(10, (i) => admin(i, 'POST', '/v1/licenses', { headers, json }));
    expect(new Set(answers.map(({ status, json: body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await entries()).toHaveLength(before + 1);
    const refused = { headers: { 'idempotency-key': 'refused-once' }, json: { ...json, customerId: json.planId } };
    for (const answer of await many(6, (i) => admin(i, 'POST', '/v1/licenses', refused)))
      expect(answer.json?.['code']).toBe('reference-unknown');
    expect(await entries()).toHaveLength(before + 1);
  });

  test('count tries to sign in together', async () => {
    const [here, there] = [new Attempts(server.running.deps), new Attempts(second.deps)];
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? here : there).spend('ada@example.com', '192.0.2.1')),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    await expectCode('rate-limited', () => here.spend('ada@example.com', '192.0.2.1'));
    await there.forgive('ada@example.com', '192.0.2.1');
    await here.spend('ada@example.com', '192.0.2.1');
    const kept = JSON.stringify(await second.deps.records.selectFrom('rates').selectAll().execute());
    expect(kept).not.toMatch(/example\.com|192\.0\.2\.1/);
  });

  test('let a feature move take effect once, and lose no change beside it', async () => {
    const [free, premium] = [await newPlan(server, { features: ['a', 'sigma'] }), await newPlan(server)];
    const { id } = await sellOfPlan(server, free);
    const effectiveAt = formatSeconds(new Date(server.clock.now().getTime() + hourMs));
    const json = { feature: 'a', fromPlans: [free], toPlans: [premium], effectiveAt, keepExisting: true };
    const move = String((await expectStatus(201, admin(0, 'POST', '/v1/feature-moves', { json }))).json?.['id']);
    server.clock.advanceMs(hourMs);
    const answers = await many(8, (i) =>
      i < 4
        ? admin(i, 'GET', `/v1/licenses/${id}`)
        : admin(i, 'PATCH', `/v1/licenses/${id}`, { json: { seats: 10 + i } }),
    );
    for (const { status } of answers) expect(status).toBe(200);
    const applied = (await entries()).filter(({ action, subject }) => action.endsWith('apply') && subject === move);
    expect(applied).toHaveLength(1);
    expect((await admin(1, 'GET', `/v1/licenses/${id}`)).json?.['features']).toEqual(['a', 'sigma']);
  });

  test('answer everybody while hosts check in, report, change and are removed, and keep one audit log', async () => {
    const plan = await newPlan(server, { seats: 12, floatingDays: 2 });
    const { licenseKey } = await sellOfPlan(server, plan);
    const hosts = await many(12, () => server.activate(licenseKey));
    server.clock.advanceMs(3 * dayMs);
    const busy = await many(72, (i) => {
      const { hostId, token } = hosts[Math.floor(i / 6)] ?? hosts[0] ?? { hostId: '', token: '' };
      const path = `/v1/hosts/${hostId}`;
      const report = { client: '0.1.0', sequenceSeen: 1, packs: [] };
      return [
        () => call(at(i), 'GET', '/v1/license', { token }),
        () => call(at(i + 1), 'GET', '/v1/license', { token }),
        () => call(at(i), 'POST', '/v1/status', { token, json: report }),
        () => admin(i, 'PATCH', path, { json: { name: `n${i}` } }),
        () => ask(i, licenseKey),
        () => (i < 36 ? admin(i, 'DELETE', path) : admin(i, 'GET', path)),
      ][i % 6]?.() as Promise<Answer>;
    });
    expect(statuses(busy).filter((status) => status >= 500)).toEqual([]);
    await many(20, (i) => expectStatus(201, admin(i, 'POST', '/v1/customers', { json: { name: `c${i}` } })));
    const rows = await entries(second.deps);
    expect(verifyAudit(rows.map(auditEntry))).toBe(rows.at(-1)?.hash);
  });

  test('sign the timestamp again once an hour, whichever comes first', async () => {
    const both = [server.running.deps, second.deps];
    for (let hour = 0; hour < 3; hour++) {
      server.clock.advanceMs(hourMs);
      const { timestamp } = await versions();
      expect((await Promise.all(both.map((deps) => runJob(deps, jobs.timestamp)))).sort()).toEqual([
        'done',
        'done-before',
      ]);
      expect(await runJob(second.deps, jobs.timestamp)).toBe('done-before');
      expect((await versions()).timestamp).toBe(timestamp + 1);
    }
    server.clock.advanceMs(dayMs);
    const before = await versions();
    const outcomes = await Promise.all(
      both.flatMap((deps) => [jobs.snapshot, jobs.moves].map((job) => runJob(deps, job))),
    );
    expect(outcomes.toSorted()).toEqual(['done', 'done', 'done-before', 'done-before']);
    expect(await versions()).toEqual({ snapshot: before.snapshot + 1, timestamp: before.timestamp + 1 });
  });

  test('sign again once when they start together after a long time', async () => {
    server.clock.advanceMs(5 * dayMs);
    const before = await versions();
    await Promise.all([server.running.deps, second.deps].map((deps) => refreshStale(deps)));
    expect(await versions()).toEqual({ snapshot: before.snapshot + 1, timestamp: before.timestamp + 1 });
  });

  test('sign nothing with keys that a newer root has replaced, and the other server takes over', async () => {
    const { keys } = second.deps;
    const renewed = {
      ...second.deps,
      keys: { ...keys, snapshot: signerOf(newSigningKey()), timestamp: signerOf(newSigningKey()) },
    };
    const root = server.trustDomain.nextRoot({
      snapshot: renewed.keys.snapshot.key,
      timestamp: renewed.keys.timestamp.key,
    });
    const { commit } = await import('../../server/repository/commit/commit.js');
    await commit(renewed, { roots: [root], targets: null, roles: new Map() }, 'token:ceremony');
    server.clock.advanceMs(hourMs);
    const before = await served(server);
    const old = server.running.deps;
    for (const job of [jobs.timestamp, jobs.snapshot]) expect(await runJob(old, job)).toBe('failed');
    await expectProblem(
      422,
      'root-online-keys',
      server.commit({ roles: { premium: server.trustDomain.nextRole('premium', []) } }),
    );
    expect(await served(server)).toBe(before);
    expect((await old.metrics.jobFailures.get()).values.map(({ value, labels }) => [labels.job, value])).toEqual([
      ['timestamp', 1],
      ['snapshot', 1],
    ]);
    await observeExpiry(old);
    expect((await old.metrics.onlineKeyTrusted.get()).values.map(({ value }) => value)).toEqual([0, 0]);
    const { timestamp } = await versions();
    expect(await runJob(renewed, jobs.timestamp)).toBe('done');
    expect((await versions()).timestamp).toBe(timestamp + 1);
  });
});
