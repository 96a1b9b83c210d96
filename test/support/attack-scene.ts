import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect } from 'vitest';
import { FixedClock } from '../../base/clock.js';
import { type Endpoint, update } from '../../scanner/update/update.js';
import { TestDistribution, type TestLicense } from './distribution.js';
import { activateAt, activeFlags, activeRules, newEndpoint, removeEndpoint } from './endpoint.js';
import { expectCode } from './expect-code.js';
import { TestRepository } from './repository.js';

/** An endpoint with release 5 of one pack, and everything an attacker may have. */
export interface AttackScene {
  readonly distribution: TestDistribution;
  readonly repository: TestRepository;
  readonly license: TestLicense;
  readonly endpoint: Endpoint & { readonly clock: FixedClock };
}

export const core = 'sigma/core/stable';
export const good = ['sigma/core #5: rule-5'];

/** Sets the scene before each test of a file, and gives what asks whether an attack was refused. */
export function attackScene(assign: (scene: AttackScene) => void) {
  let scene: AttackScene;

  beforeEach(async () => {
    const now = new Date('2026-03-01T12:00:00Z');
    const repository = new TestRepository(new FixedClock(now), ['sigma', 'premium']);
    const distribution = new TestDistribution(repository);
    await distribution.start();
    await distribution.release(core, 5);
    const license = distribution.sell(['sigma']);
    const endpoint = await newEndpoint(now);
    await activateAt(endpoint, distribution, license);
    await update(endpoint);
    expect(await activeRules(endpoint)).toEqual(good);
    scene = { distribution, repository, license, endpoint };
    assign(scene);
  });

  afterEach(async () => {
    await scene.distribution.stop();
    await removeEndpoint(scene.endpoint);
  });

  const pointerPacks = async (): Promise<unknown> =>
    (JSON.parse(await readFile(scene.endpoint.home.pointer, 'utf8')) as { packs: unknown }).packs;

  return {
    pointerPacks,

    bothClocks: (ms: number): void => {
      scene.endpoint.clock.advanceMs(ms);
      scene.repository.clock.advanceMs(ms);
    },

    /** The whole update is refused, with this code, and the active set is the one before. */
    refusesAll: async (code: string): Promise<void> => {
      const before = await pointerPacks();
      await expectCode(code, () => update(scene.endpoint));
      expect(await pointerPacks()).toEqual(before);
      expect(await activeRules(scene.endpoint)).toEqual(good);
      expect(await activeFlags(scene.endpoint)).toContain('update-failed');
    },

    /** The pack is refused, with this code, and the active set is the one before. */
    refusesPack: async (code: string): Promise<void> => {
      const before = await pointerPacks();
      const { packs, switched } = await update(scene.endpoint);
      expect(packs.map(({ outcome, refusal }) => `${outcome} ${refusal?.code}`)).toEqual([`refused ${code}`]);
      expect(switched).toBe(false);
      expect(await pointerPacks()).toEqual(before);
      expect(await activeRules(scene.endpoint)).toEqual(good);
    },
  };
}
