/** Activating a host without a network, as somebody with a browser does. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeUtf8, utf8 } from '../../../base/bytes.js';
import { loadActivation } from '../../../scanner/license/connection.js';
import { acceptActivation } from '../../../scanner/offline/activation-answer.js';
import { requestActivation } from '../../../scanner/offline/activation-request.js';
import { type ConsoleAnswer, hiddenFields, multipart, TestVisitor } from '../../support/console.js';
import { newEndpoint, removeEndpoint } from '../../support/endpoint.js';
import { expectCode } from '../../support/expect-code.js';
import { newStick } from '../../support/offline.js';
import { expectStatus, TestServer } from '../../support/server.js';

const path = '/admin/hosts/activate';
const last = `${path}/answer`;

let server: TestServer;
let owner: TestVisitor;
let root: Uint8Array;
let license: { id: string; licenseKey: string };
let customerId: string;
let endpoint: Awaited<ReturnType<typeof newEndpoint>>;
let stick: Awaited<ReturnType<typeof newStick>>;

beforeAll(async () => {
  server = await TestServer.start({ features: ['sigma'] });
  owner = await TestVisitor.of(server, 'owner');
  stick = await newStick();
});
afterAll(async () => {
  await server.stop();
  await stick.remove();
});

test('before anything is published, the page says what to do first', async () => {
  const { html } = await owner.get(path);
  expect(html).toContain('yms publish');
  expect(html).not.toContain('type="file"');
});

describe('with a repository', () => {
  beforeAll(async () => {
    await server.holdCeremony();
    await server.publish('sigma', 1);
    root = (await expectStatus(200, server.call('GET', '/repository/metadata/1.root.json'))).bytes;
  });

  beforeEach(async () => {
    license = await server.sellLicense({ seats: 1, features: ['sigma'] });
    const { json } = await expectStatus(200, server.admin('GET', `/v1/licenses/${license.id}`));
    customerId = String(json?.['customerId']);
    endpoint = await newEndpoint(server.clock.now());
    return () => removeEndpoint(endpoint);
  });

  const ask = (named: string | null = license.id, name = 'pages-7 <b>') =>
    requestActivation(endpoint, { name, license: named });
  const look = (bytes: Uint8Array, visitor = owner) => visitor.upload(path, path, 'request', bytes);
  const take = (page: ConsoleAnswer, fields: Record<string, string> = {}, visitor = owner) =>
    visitor.post(last, { ...hiddenFields(page.html, last), days: '60', ...fields });
  const seatsUsed = async (): Promise<unknown> =>
    (await server.admin('GET', `/v1/licenses/${license.id}`)).json?.['seatsUsed'];

  /** What the link of the last page saves, in a file. */
  async function saved({ html }: ConsoleAnswer): Promise<string> {
    const [, base64 = ''] = /href="data:application\/octet-stream;base64,([^"]+)"/.exec(html) ?? [];
    await writeFile(stick.at('answer'), Buffer.from(base64, 'base64'));
    return stick.at('answer');
  }

  const accept = (file: string) => acceptActivation(endpoint, file, { firstTrust: { root }, server: null });

  test('a request is looked at, its seat taken, and its answer accepted', async () => {
    const { bytes, hostKeyid } = await ask();
    const review = await look(bytes);
    expect(review.status).toBe(200);
    expect(review.html).toContain(hostKeyid);
    expect(review.html).toContain('pages-7 &lt;b&gt;');
    expect(await seatsUsed()).toBe(0);

    const answer = await take(review, { days: '30' });
    expect(answer.status).toBe(200);
    expect(answer.html).toContain('download="pages-7-b.answer"');
    const { activation, license: document } = await accept(await saved(answer));
    expect(activation).toMatchObject({ licenseId: license.id, name: 'pages-7 <b>' });
    expect(document.features).toEqual(['sigma']);
    expect(await seatsUsed()).toBe(1);
    const { json } = await server.admin('GET', `/v1/audit?subject=${activation.hostId}`);
    expect(json?.['items']).toMatchObject([{ action: 'host.activate', actor: `person:${owner.person.person.id}` }]);
    expect((await owner.get(`/admin/hosts/${activation.hostId}`)).html).toContain(hostKeyid);
  });

  test('a request that names no license gets the one that is chosen', async () => {
    const { bytes } = await ask(null);
    const review = await look(bytes);
    expect(review.html).toContain(`<option value="${license.id}"`);
    const none = await take(review, { licenseId: '' });
    expect(none.status).toBe(400);
    expect(none.html).toContain('role="alert"');
    expect(await seatsUsed()).toBe(0);
    const answer = await take(none, { licenseId: license.id });
    expect((await accept(await saved(answer))).activation.licenseId).toBe(license.id);
  });

  test('the same request again keeps the seat; a form sent twice is carried out once', async () => {
    const { bytes } = await ask();
    const review = await look(bytes);
    expect((await take(review)).status).toBe(200);
    expect((await take(review)).status).toBe(409);
    expect((await look(bytes)).html).toContain('this host has one, and keeps it');
    const again = await take(await look(bytes));
    await accept(await saved(again));
    expect(await seatsUsed()).toBe(1);
    expect(await loadActivation(endpoint.home)).toMatchObject({ licenseId: license.id });
    await expectCode('request-missing', () => accept(stick.at('answer')));
  });

  test('no seat, and a license that is suspended meanwhile, are told in place', async () => {
    const { bytes } = await ask();
    const review = await look(bytes);
    await server.activate(license.licenseKey);
    const full = await take(review);
    expect(full.status).toBe(409);
    expect(full.html).toMatch(/role="alert"[^]*seat/);
    await expectStatus(200, server.admin('POST', `/v1/licenses/${license.id}/suspend`, {}));
    const suspended = await take(review);
    expect(suspended.status).toBe(403);
    expect(suspended.html).toContain(license.id);
    expect(await seatsUsed()).toBe(1);
  });

  test.each([
    ['no file', () => new Uint8Array(), 'got none'],
    ['another file', () => utf8('{"format":1}'), 'yms activate --request'],
    ['a picture', () => new Uint8Array([0x89, 0x50, 0xff, 0xfe, 0]), 'UTF-8'],
    ['a long one', () => utf8('x'.repeat(20_000)), 'at most 4096 bytes'],
    ['markup', () => utf8('<script>alert(1)</script>'), 'yms activate --request'],
  ])('%s is refused in place', async (_, file, words) => {
    const { status, html } = await look(file());
    expect(status).toBe(400);
    expect(html).toContain('aria-invalid="true"');
    expect(html).toContain(words);
    expect(html).not.toContain('<script>alert');
  });

  test('a request with another member, another key or other spaces is refused', async () => {
    const { bytes } = await ask();
    const text = decodeUtf8(bytes, 'request');
    for (const other of [text.replace('{', '{"a":1,'), text.replace('"x25519"', '"ed25519"'), `${text}\n`])
      expect((await look(utf8(other))).status).toBe(400);
  });

  test('a form that is too large, cut, or of another kind is refused', async () => {
    const { bytes } = await ask();
    const fields = hiddenFields((await owner.get(path)).html, path);
    expect((await owner.post(path, multipart(fields, 'request', utf8('x'.repeat(70_000))))).status).toBe(413);
    expect((await owner.post(path, { ...fields, request: decodeUtf8(bytes, 'request') })).status).toBe(415);
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await owner.post(path, fields, type)).status).toBe(400);
    expect((await owner.post(path, fields, { 'content-type': 'multipart/form-data' })).status).toBe(400);
    const tampered = await take(await look(bytes), { request: 'eA==' });
    expect(tampered.status).toBeGreaterThanOrEqual(400);
    expect(tampered.status).toBeLessThan(500);
  });

  test('from another site, or without the token of the session, nothing is looked at', async () => {
    const { bytes } = await ask();
    const fields = hiddenFields((await owner.get(path)).html, path);
    const stranger = await TestVisitor.of(server, 'license-manager');
    const foreign = multipart(fields, 'request', bytes);
    expect((await owner.post(path, foreign, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await stranger.post(path, foreign)).status).toBe(403);
    const review = await look(bytes);
    expect((await take(review, { 'form-token': 'x' })).status).toBe(403);
    expect((await take(review, {}, stranger)).status).toBe(403);
    expect(await seatsUsed()).toBe(0);
  });

  test('a customer’s own admin takes seats of own licenses, and learns nothing of others', async () => {
    const own = await TestVisitor.of(server, 'customer', customerId);
    const other = await server.sellLicense({ seats: 1, features: ['sigma'] });
    const choice = await look((await ask(null)).bytes, own);
    expect(choice.html).toContain(license.id);
    expect(choice.html).not.toContain(other.id);
    expect((await take(choice, { licenseId: other.id }, own)).status).toBe(404);
    expect((await look((await ask(other.id)).bytes, own)).status).toBe(404);
    expect((await take(await look((await ask()).bytes, own), {}, own)).status).toBe(200);
    expect((await server.admin('GET', `/v1/licenses/${other.id}`)).json?.['seatsUsed']).toBe(0);
  });

  test.each(['auditor', 'publisher'] as const)('is not for role %s', async (role) => {
    const visitor = await TestVisitor.of(server, role);
    expect((await visitor.get(path)).status).toBe(403);
    const { bytes } = await ask();
    const { 'form-token': token = '' } = hiddenFields((await visitor.get('/admin')).html, '/admin/sign-out');
    expect((await visitor.post(path, multipart({ 'form-token': token }, 'request', bytes))).status).toBe(403);
  });
});
