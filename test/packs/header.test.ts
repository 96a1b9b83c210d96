import { describe, expect, test } from 'vitest';
import { canonicalJsonBytes } from '../../base/json.js';
import { encodeHeader, maxContentBytes, maxRecipients, type PackHeader, parseHeader } from '../../packs/header.js';
import { payloadLength } from '../../packs/payload.js';
import { sealPack } from '../../packs/pack.js';
import { expectCode } from '../support/expect-code.js';
import { packInput, recipients, signers } from './sample.js';

const { header } = await sealPack(packInput(), { signers, recipients });
const from = { version: '2026.06.30', payloadSha256: '0'.repeat(64) };

function isTaken(changes: Record<string, unknown>): boolean {
  try {
    parseHeader(canonicalJsonBytes({ ...header, ...changes }));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'header-malformed' });
    return false;
  }
}

describe('pack header', () => {
  test('comes back as it was encoded', () => {
    expect(parseHeader(encodeHeader(header))).toEqual(header);
  });

  test.each(Object.keys(header))('must have %s', (member) => {
    expect(isTaken({ [member]: undefined })).toBe(false);
    expect(isTaken({ [member]: null })).toBe(false);
    expect(isTaken({ [member]: {} })).toBe(false);
  });

  test('has no other members, at any depth', () => {
    expect(isTaken({ note: 'x' })).toBe(false);
    expect(isTaken({ payload: { ...header.payload, note: 'x' } })).toBe(false);
    expect(isTaken({ recipients: header.recipients.map((recipient) => ({ ...recipient, note: 'x' })) })).toBe(false);
    expect(isTaken({ kind: 'delta', from: { ...from, note: 'x' } })).toBe(false);
  });

  test('has from in a delta, and only there', () => {
    expect(isTaken({ kind: 'delta', from })).toBe(true);
    expect(isTaken({ kind: 'delta' })).toBe(false);
    expect(isTaken({ from })).toBe(false);
  });

  test.each(['', 'A', 'a_b', 'a.b', '../a', 'a/b', 'ä', ' a', 'a\n', 'a'.repeat(65)])('takes no name %j', (name) => {
    for (const member of ['feature', 'pack', 'channel']) expect(isTaken({ [member]: name })).toBe(false);
  });

  test('takes names of a-z, 0-9 and -', () => {
    for (const name of ['a', 'c-0123456789ab', '-', '9', 'a'.repeat(64)]) expect(isTaken({ pack: name })).toBe(true);
  });

  test('bounds its numbers', () => {
    for (const sequence of [1, Number.MAX_SAFE_INTEGER]) expect(isTaken({ sequence })).toBe(true);
    for (const sequence of [0, -1, 1.5, 2 ** 53, '1']) expect(isTaken({ sequence })).toBe(false);
    for (const contentLength of [1024, maxContentBytes]) expect(isTaken({ contentLength })).toBe(true);
    for (const contentLength of [0, 512, 1025, maxContentBytes + 512]) expect(isTaken({ contentLength })).toBe(false);
  });

  test('names only payload lengths that a stream can have', () => {
    const { sha256 } = header.payload;
    for (const n of [1, 65_536, 65_537, maxContentBytes])
      expect(isTaken({ payload: { length: payloadLength(n), sha256 } })).toBe(true);
    for (const length of [0, 24, 41, payloadLength(65_536) + 1, payloadLength(maxContentBytes + 1)])
      expect(isTaken({ payload: { length, sha256 } })).toBe(false);
  });

  test('has versions for display and a client version of three numbers', () => {
    for (const version of ['1', '2026.07.01', 'v1.2.3-rc.1+build_5']) expect(isTaken({ version })).toBe(true);
    for (const version of ['', '.1', '-1', 'a b', 'a/b', 'x'.repeat(65)]) expect(isTaken({ version })).toBe(false);
    for (const minimumClient of ['0.1.0', '10.20.30']) expect(isTaken({ minimumClient })).toBe(true);
    for (const minimumClient of ['1', '1.2', '01.2.3', '1.2.3-rc', '1234567.0.0'])
      expect(isTaken({ minimumClient })).toBe(false);
  });

  test('has at most so many recipients, sorted, each once', () => {
    const many = (count: number): PackHeader['recipients'] =>
      Array.from({ length: count }, (_, i) => ({
        keyid: i.toString(16).padStart(64, '0'),
        sealed: header.recipients[0]?.sealed ?? '',
      }));
    expect(isTaken({ recipients: many(maxRecipients) })).toBe(true);
    expect(isTaken({ recipients: many(maxRecipients + 1) })).toBe(false);
    expect(isTaken({ recipients: [] })).toBe(false);
    expect(isTaken({ recipients: many(2).toReversed() })).toBe(false);
    expect(isTaken({ recipients: [...many(1), ...many(1)] })).toBe(false);
    expect(isTaken({ recipients: [{ keyid: '0'.repeat(64), sealed: 'AAAA' }] })).toBe(false);
    expect(isTaken({ recipients: [{ keyid: '0'.repeat(64), sealed: '!' }] })).toBe(false);
  });

  test('has one spelling', async () => {
    const text = Buffer.from(encodeHeader(header)).toString();
    for (const other of [` ${text}`, `${text}\n`, JSON.stringify(header, null, 1), `\ufeff${text}`])
      await expectCode('header-malformed', () => parseHeader(Buffer.from(other)));
  });

  test('says which member is wrong', async () => {
    const message = async (changes: Record<string, unknown>) =>
      (await expectCode('header-malformed', () => parseHeader(canonicalJsonBytes({ ...header, ...changes })))).message;
    expect(await message({ pack: 'A' })).toBe('pack header: expected 1 to 64 characters of a-z, 0-9 and - at pack');
    expect(await message({ channel: undefined })).toBe('pack header: expected string, received undefined at channel');
    expect(await message({ 'a\u001b[2J': 1 })).toBe('pack header: unrecognized key: "a [2J"');
    expect(await message({ from })).toBe('pack header: expected from in a delta, and only there at from');
  });
});
