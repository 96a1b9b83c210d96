import { expect } from 'vitest';
import { parseMetadata } from '../../../keys/metadata.js';
import type { SealedPack } from '../../../packs/pack.js';
import { type Answer, expectProblem, expectStatus, type TestServer } from '../../support/server.js';

/** Everything that clients can see of the release; a refused commit must leave it byte for byte. */
export async function served(server: TestServer): Promise<string> {
  const { records } = server.running.deps;
  const metadata = await records.selectFrom('metadata').selectAll().orderBy('role').orderBy('version').execute();
  const targets = await records.selectFrom('targets').selectAll().orderBy('path').orderBy('sha256').execute();
  const packs = await records.selectFrom('packs').selectAll().orderBy('path').orderBy('sha256').execute();
  return JSON.stringify({ metadata, targets, packs });
}

/** The commit is refused with this problem, and what is served is as before. */
export async function refused(
  server: TestServer,
  status: number,
  code: string,
  commit: () => Promise<Answer>,
): Promise<Answer> {
  const before = await served(server);
  const answer = await expectProblem(status, code, commit());
  expect(await served(server)).toBe(before);
  return answer;
}

export async function uploaded(server: TestServer, pack: SealedPack): Promise<SealedPack> {
  await server.upload(pack.bytes);
  return pack;
}

export async function current<K extends 'root' | 'targets' | 'snapshot' | 'timestamp'>(
  server: TestServer,
  kind: K,
  name: string,
) {
  return parseMetadata(kind, (await expectStatus(200, server.call('GET', `/repository/metadata/${name}`))).bytes)
    .signed;
}
