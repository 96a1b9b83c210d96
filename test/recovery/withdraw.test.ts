import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dayMs, type FixedClock } from '../../base/clock.js';
import { loadState } from '../../scanner/active/active.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { writeFiles } from '../builder/rules.js';
import { spawnYms } from '../builder/run-yms.js';
import { activeFlags, activeRules, removeEndpoint } from '../support/endpoint.js';
import { Publisher } from '../support/publisher.js';

/** A publisher takes packs, channels and features back, step by step, and one endpoint follows. */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let publisher: Publisher;
let endpoint: Endpoint & { readonly clock: FixedClock };
const good = 'domain:c2.good-list.com';
beforeAll(async () => {
  publisher = await Publisher.start();
  await publisher.release();
  await writeFiles(publisher.workspace, { 'yms.yaml': publisher.config(['p', 'p/beta', 'q']) });
  await publisher.pipeline(['build', 'p-beta', 'q']);
  await publisher.pipeline(['publish', 'p-beta', 'q']);
  endpoint = await publisher.endpoint();
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`, `f/q #2: ${good}`]);
});
afterAll(async () => {
  await removeEndpoint(endpoint);
  await publisher.stop();
});

test('a dry run says what would go, and sends nothing', async () => {
  const said = await publisher.pipeline(['publish', '--withdraw', 'f/q', '--dry-run'], '');
  expect(said.split('\n').map((line) => line.replace(/ \d{4}\..*, sequence/, ' V, sequence'))).toEqual([
    'role f 3: 0 added, 2 kept, 1 dropped',
    '  drops f/q/stable.yms V, sequence 2 (withdrawn)',
    '  keeps f/p/beta.yms',
    '  keeps f/p/stable.yms',
    '',
  ]);
  expect(await update(endpoint)).toMatchObject({ switched: false });
});

test('a pack is out of use with the next update, which says who took it', async () => {
  await publisher.pipeline(['publish', '--withdraw', 'f/q']);
  const report = await update(endpoint);
  expect(report).toMatchObject({
    switched: true,
    packs: [
      { pack: 'q', outcome: 'withdrawn', sequence: 2 },
      { pack: 'p', outcome: 'current' },
    ],
  });
  expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`]);
  expect(await activeFlags(endpoint)).toEqual(['withdrawn f/q/stable']);
  expect(await update(endpoint)).toMatchObject({ switched: false, packs: [{ pack: 'p', outcome: 'current' }] });
});

test('its old file does not come back, and the refusal says under which number it may', async () => {
  const refused = await publisher.try(['publish', 'q']);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toMatch(/target-sequence: f\/q\/stable\.yms: expected a sequence above 2, got 2/);
  expect(refused.stderr).toContain('hint: build it again with yms build --sequence 3');
});

test('a build after it takes a number that counts, so that build and publish go through at once', async () => {
  const [built] = JSON.parse(await publisher.pipeline(['build', 'q', '--json'])) as { sequence: number }[];
  expect(built?.sequence).toBe(4); // the role's version + 1: more than any release of it had
  await publisher.pipeline(['publish', 'q']);
  expect(await update(endpoint)).toMatchObject({ packs: [{ pack: 'p' }, { pack: 'q', outcome: 'updated' }] });
  expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`, `f/q #4: ${good}`]);
  expect(await activeFlags(endpoint)).toEqual([]);
});

test('a channel goes alone', async () => {
  const beta = await publisher.endpoint({ channel: 'beta' });
  await update(beta);
  await publisher.pipeline(['publish', '--withdraw', 'f/p/beta']);
  await update(beta);
  expect(await activeRules(beta)).toEqual([]);
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([`f/p #1: ${good}`, `f/q #4: ${good}`]);
  await removeEndpoint(beta);
});

test('a sequence that jumps too far is refused by build, and by the server with the same bound', async () => {
  const far = await publisher.try(['build', 'p', '--sequence', '1000002']);
  expect(far.stderr).toContain('f/p/stable.yms: expected a sequence of 2 to 1000001, got 1000002 (sequence-invalid)');
});

test('what is not published is named with what is', async () => {
  const unknown = await publisher.try(['publish', '--withdraw', 'f/nothing']);
  expect(unknown.stderr).toContain('withdraw f/nothing: expected a pack that is published, got none of this name');
  expect(unknown.stderr).toContain('published are f/p/stable, f/q/stable');
  for (const wrong of ['p', 'f/p/stable/x', 'F/p'])
    expect((await publisher.try(['publish', '--withdraw', wrong])).stderr).toContain('(option-invalid)');
  expect((await publisher.try(['publish', '--retire', 'f/p'])).stderr).toContain('(option-invalid)');
});

test('two pipelines at once, of different packs: whoever is late plans again on top of the other', async () => {
  await publisher.pipeline(['build', 'p']);
  const other = await publisher.thief(['q']);
  await publisher.try(['build', 'q'], { folder: other });
  const env = { YMS_TOKEN: publisher.token };
  const ended = await Promise.all([
    spawnYms(publisher.workspace, ['publish', 'p'], env),
    spawnYms(other, ['publish', 'q'], env),
  ]);
  expect(ended.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '']);
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([`f/p #2: ${good}`, 'f/q #5: domain:github.example-thief.com']);
});

test('a retired feature has an empty role, which is signed again; the flag ends after 30 days', async () => {
  await publisher.pipeline(['publish', '--retire', 'f']);
  await publisher.pipeline(['publish', '--refresh']);
  await update(endpoint);
  expect(await activeRules(endpoint)).toEqual([]);
  expect(await activeFlags(endpoint)).toEqual(['withdrawn f/p/stable', 'withdrawn f/q/stable', 'no-rules']);
  endpoint.clock.advanceMs(31 * dayMs);
  expect(await activeFlags(endpoint)).not.toContain('withdrawn f/p/stable');
  expect((await loadState(endpoint.home)).pointer.withdrawn).toHaveLength(2);
});
