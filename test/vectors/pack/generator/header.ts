import { type Json } from '../../../../base/json.js';
import { distribution, host, type Members, type Add, without } from './plan.js';

export function addHeader(add: Add): void {
  const malformed = (name: string, comment: string, change: (members: Members) => Members): void => {
    add(name, 'header-malformed', comment, { header: change });
  };
  malformed('header-unknown-member', 'an unknown member', (members) => ({ ...members, note: 'x' }));
  malformed('header-missing-member', 'a member missing', (members) => without(members, 'channel'));
  malformed('header-name', 'a name with a slash', (members) => ({ ...members, pack: '../core' }));
  malformed('header-kind', 'an unknown kind', (members) => ({ ...members, kind: 'partial' }));
  malformed('header-sequence-zero', 'sequence 0', (members) => ({ ...members, sequence: 0 }));
  malformed('header-sequence-huge', 'sequence 2^53', (members) => ({ ...members, sequence: 2 ** 53 }));
  malformed('header-time', 'the 30th of February', (members) => ({ ...members, createdAt: '2026-02-30T00:00:00Z' }));
  malformed('header-client', 'a minimumClient of two numbers', (members) => ({ ...members, minimumClient: '1.0' }));
  malformed('header-compression', 'an unknown compression', (members) => ({ ...members, compression: 'none' }));
  malformed('header-content-length', 'a content length beyond the limit', (members) => ({
    ...members,
    contentLength: 268_435_456 + 512,
  }));
  malformed('header-content-length-odd', 'a content length that no tar has', (members) => ({
    ...members,
    contentLength: 2561,
  }));
  malformed('header-payload-length', 'a payload length that no chunking gives', (members) => ({
    ...members,
    payload: { ...(members['payload'] as Members), length: 24 + 65_553 + 17 },
  }));
  malformed('header-commitment-case', 'upper-case hex', (members) => ({
    ...members,
    keyCommitment: 'AB'.repeat(32),
  }));
  malformed('header-no-recipients', 'no recipients', (members) => ({ ...members, recipients: [] }));
  malformed('header-recipient-twice', 'one recipient twice', (members) => ({
    ...members,
    recipients: [...(members['recipients'] as Json[]), ...(members['recipients'] as Json[])],
  }));
  malformed('header-full-from', 'a full pack with from', (members) => ({
    ...members,
    from: { version: '1', payloadSha256: '00'.repeat(32) },
  }));
  malformed('header-delta-without-from', 'a delta without from', (members) => ({ ...members, kind: 'delta' }));
  add('header-recipient-order', 'header-malformed', 'recipients in the wrong order', {
    recipients: [distribution, host],
    header: (members) => ({ ...members, recipients: (members['recipients'] as Json[]).toReversed() }),
  });
  add('header-duplicate-member', 'header-malformed', 'a member twice, signed so', {
    document: (text) => text.replace('{', '{"channel":"beta",'),
  });
  add('header-not-canonical', 'header-malformed', 'a line feed at the end, signed so', {
    document: (text) => `${text}\n`,
  });
  add('header-depth', 'header-malformed', 'a nested bomb, signed so', {
    document: () => `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  });
  add('header-number-spelling', 'header-malformed', 'a number spelt otherwise, signed so', {
    document: (text) => text.replace('"sequence":1,', '"sequence":1.0,'),
  });
  for (const [member, value] of [
    ['feature', 'premium'],
    ['pack', 'other'],
    ['channel', 'beta'],
  ] as const)
    add(
      `identity-${member}`,
      'pack-identity',
      `another ${member} than the path names`,
      {},
      { expect: { [member]: value } },
    );
}
