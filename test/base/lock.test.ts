import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFreshMs, withLock } from '../../base/lock.js';
import { ownProcess } from '../../base/process-identity.js';
import { expectCode } from '../support/expect-code.js';

let folder: string;
let path: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-lock-'));
  path = join(folder, 'lock');
  children = [];
});

afterEach(async () => {
  for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true });
});

const enter = () => withLock(path, () => readFile(path, 'utf8'));
const longAgo = (): Date => new Date(Date.now() - 30 * 24 * 3_600_000);

/** A process that holds the lock by now; `wrapper` starts it. */
async function holder(wrapper: readonly string[] | null = null): Promise<ChildProcess> {
  const script = join(import.meta.dirname, '../support/lock-holder.ts');
  const own = ['--import', 'tsx', script, path];
  const [command, args] =
    wrapper === null ? [process.execPath, own] : ['unshare', [...wrapper.slice(1), process.execPath, ...own]];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

describe('a lock', () => {
  test('is held by one at a time and free afterwards, also after a failure', async () => {
    const failing = withLock(path, async () => {
      await expectCode('lock-held', enter);
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
    expect(await readdir(folder)).toEqual([]);
  });

  test('is held by one of many that ask at the same time', async () => {
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await readFile(path);
      inside--;
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => withLock(path, work)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await withLock(path, () => Promise.resolve('after'))).toBe('after');
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a live process is not taken, however long ago it touched it, and at once when it was killed', async () => {
    const child = await holder();
    await utimes(path, longAgo(), longAgo());
    const content = await readFile(path, 'utf8');
    await expectCode('lock-held', enter);
    expect(await readFile(path, 'utf8')).toBe(content);
    expect(await readdir(folder)).toEqual(['lock']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
    expect(await readdir(folder)).toEqual([]);
  });

  test.runIf(process.platform === 'linux').each([
    ['1, which always runs', 1],
    ['the one of this process', process.pid],
    ['the one of its parent', process.ppid],
  ])('whose process had a number that another has now (%s) is taken over at once', async (_, pid) => {
    const { view, start } = ownProcess();
    await writeFile(path, `${pid} ${Number(start) + 12_345} ${view ?? ''} 0123456789ab\n`);
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
    expect(await readdir(folder)).toEqual([]);
  });

  test('of another boot, container or machine counts while it is touched', async () => {
    for (const pid of [1, process.pid, 4_000_000]) {
      await writeFile(path, `${pid} 77 5c3b4e0e-0000-4000-8000-000000000000/4026531836 0123456789ab\n`);
      await expectCode('lock-held', enter);
      const last = new Date(Date.now() - lockFreshMs);
      await utimes(path, last, last);
      expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a version that wrote a number only counts while it is touched', async () => {
    await writeFile(path, '1\n');
    await expectCode('lock-held', enter);
    await utimes(path, longAgo(), longAgo());
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
  });

  test.each([
    ['that a power cut left empty', ''],
    ['that names no process', 'no number\n'],
    ['that names a group of processes', '0\n'],
  ])('%s is taken over', async (_, content) => {
    await writeFile(path, content);
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
    expect(await readdir(folder)).toEqual([]);
  });

  const namespaces = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const canUnshare = spawnSync('unshare', [...namespaces.slice(1), 'true']).status === 0;

  test.runIf(canUnshare)('held in another PID namespace is not taken, and free a minute after its end', async () => {
    const child = await holder(namespaces);
    expect(await readFile(path, 'utf8')).toMatch(/^1 /); // here 1 is another process
    await expectCode('lock-held', enter);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const last = new Date(Date.now() - lockFreshMs);
    await utimes(path, last, last);
    expect(await enter()).toMatch(new RegExp(`^${process.pid} `));
  });

  test.runIf(canUnshare)('held here is not taken from another PID namespace', async () => {
    await withLock(path, async () => {
      const script = join(import.meta.dirname, '../support/lock-holder.ts');
      const args = [...namespaces.slice(1), process.execPath, '--import', 'tsx', script, path];
      const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await once(child, 'exit');
      expect(said).toContain('lock-held');
    });
  });

  test('what killed commands left beside it goes, and what is being asked for stays', async () => {
    for (const name of ['lock.17.0123456789ab', 'lock.17.0123456789ab.stale', 'lock.txt', 'block.17.0123456789ab']) {
      await writeFile(join(folder, name), '17\n');
      await utimes(join(folder, name), longAgo(), longAgo());
    }
    await writeFile(join(folder, 'lock.18.0123456789ab'), '18\n');
    await enter();
    expect((await readdir(folder)).sort()).toEqual(['block.17.0123456789ab', 'lock.18.0123456789ab', 'lock.txt']);
  });
});
