import { canonicalJson } from '../../../../base/json.js';
import {
  packType,
  release,
  secondRelease,
  stranger,
  distribution,
  host,
  one,
  two,
  type Members,
  flip,
  threeChunks,
  type Add,
} from './plan.js';
import { bytesOf, type Line, sign, u32 } from './writer.js';

export function addGood(add: Add): void {
  const kinds: Line[] = [
    { kind: 'attribution', id: 'DRL-1.1', line: '{"id":"DRL-1.1","text":"Detection Rule License 1.1"}' },
    { kind: 'ioc', id: 'domain:c2.example', line: '{"id":"domain:c2.example","score":70}' },
    { kind: 'pool', id: 'fqdn:pool.example', line: '{"id":"fqdn:pool.example","port":3333}' },
    one,
    two,
    { kind: 'triage', id: 'triage:proxy', line: '{"id":"triage:proxy","points":1}' },
  ];
  // U+FF5E sorts before U+1D11E in UTF-8, and after it in UTF-16
  const beyond: Line[] = ['～', '𝄞'].map((id) => ({ kind: 'ioc', id, line: canonicalJson({ id }) }));
  add('ok-minimal', 'ok', 'one rule, one signature, one recipient');
  add('ok-empty', 'ok', 'a pack without items has a manifest and no other file', { lines: [] });
  add(
    'ok-kinds',
    'ok',
    'every kind of item; expected feature, pack and channel given',
    { lines: kinds },
    {
      expect: { feature: 'sigma', pack: 'core', channel: 'stable' },
    },
  );
  add('ok-chunks', 'ok', 'three chunks', { lines: threeChunks });
  add('ok-utf8-order', 'ok', 'ids sorted by UTF-8 bytes, not by UTF-16 units', { lines: beyond });
  add(
    'ok-threshold',
    'ok',
    'two signatures, threshold 2',
    { signers: [release, secondRelease] },
    {
      signers: [release, secondRelease],
      threshold: 2,
    },
  );
  add(
    'ok-opener',
    'ok',
    'the content key comes out of the second of two recipients',
    {
      recipients: [distribution, host],
    },
    { open: host },
  );
  add('ok-rollback', 'ok', 'a release that withdraws another; the build record may be any JSON', {
    manifest: (members) => ({ ...members, rollbackOf: '2026.06.30', build: [null, { tests: 3 }] }),
  });
  add('delta', 'kind-unsupported', 'a right header of a delta; its content is not of this version', {
    identity: { kind: 'delta', sequence: 2 },
    header: (members) => ({ ...members, from: { version: '2026.06.30', payloadSha256: '00'.repeat(32) } }),
  });
}

export function addContainer(add: Add): void {
  add('not-thor', 'null', 'a .yms file that does not begin with the magic is no pack', {
    container: () => Buffer.concat([Buffer.from('\x02THOR\x00'), bytesOf('thor', 200)]),
  });
  add('not-magic-cut', 'null', 'the magic is not there whole', { container: () => Buffer.from('yms1') });
  add('not-magic-flipped', 'null', 'a bit of the magic flipped', { container: (bytes) => flip(bytes, 4) });
  add('pack-cut-length', 'pack-truncated', 'the file ends in the header length', {
    container: (bytes) => bytes.subarray(0, 8),
  });
  add('pack-cut-header', 'pack-truncated', 'the file ends in the header', {
    container: (bytes) => bytes.subarray(0, 100),
  });
  add('header-length-zero', 'header-length', 'a header of no bytes', {
    container: (bytes) => Buffer.concat([bytes.subarray(0, 5), u32(0), bytes.subarray(9)]),
  });
  add('header-length-huge', 'header-length', 'a header beyond the limit; the file is short', {
    container: (bytes) => Buffer.concat([bytes.subarray(0, 5), u32(1_048_577), bytes.subarray(9)]),
  });
}

export function addEnvelope(add: Add): void {
  const malformed = (name: string, comment: string, change: (text: string) => string | Uint8Array): void => {
    add(name, 'envelope-malformed', comment, { envelope: change });
  };
  malformed('envelope-flipped', 'a bit of the envelope flipped', (text) => flip(Buffer.from(text), 0));
  malformed('envelope-space', 'not canonical: a space', (text) => text.replace(':', ': '));
  malformed('envelope-order', 'not canonical: members in another order', (text) => {
    const { payload, payloadType, signatures } = JSON.parse(text) as Members;
    return JSON.stringify({ signatures, payloadType, payload });
  });
  malformed('envelope-bom', 'not canonical: a byte order mark', (text) => `\ufeff${text}`);
  malformed('envelope-utf8', 'not UTF-8', (text) => Buffer.from(text.replace('vnd', 'v\u00fcd'), 'latin1'));
  malformed('envelope-unknown-member', 'an unknown member', (text) => text.replace('{', '{"a":1,'));
  malformed('envelope-duplicate-member', 'a member twice', (text) => text.replace('{', '{"payload":"",'));
  malformed('envelope-depth', 'a nested bomb', () => `${'['.repeat(10_000)}${']'.repeat(10_000)}`);
  malformed('envelope-unsigned', 'no signature', (text) => text.replace(/"signatures":.*/, '"signatures":[]}'));
  malformed('envelope-base64', 'base64 with bits in its padding', (text) =>
    text.replace(/(.)==(?="\}\]\}$)/, (_, last: string) => `${String.fromCharCode(last.charCodeAt(0) + 1)}==`),
  );
  add('payload-type', 'payload-type', 'signed as a license document', {
    payloadType: 'application/vnd.yms.license+json',
  });
  add('signature-flipped', 'signature-invalid', 'a bit of the signature flipped', {
    signatures: ([signature]) => [
      { keyid: release.keyid, sig: flip(Buffer.from(signature?.sig ?? '', 'base64'), 0).toString('base64') },
    ],
  });
  add('signature-other-document', 'signature-invalid', 'a right signature of another document', {
    signatures: () => [sign(Buffer.from('{}'), release, packType)],
  });
  add(
    'signature-raw-document',
    'signature-invalid',
    'a signature of the bare document, not of its pre-authentication encoding',
    {
      signatures: (_, document) => [{ keyid: release.keyid, sig: signRaw(document) }],
    },
  );
  add('signature-stranger', 'signature-unknown-key', 'signed by a key that is not of the role', {
    signers: [stranger],
  });
  add('signature-stranger-added', 'signature-unknown-key', "a stranger's signature beside a right one", {
    signers: [release, stranger],
  });
  add('signature-borrowed-keyid', 'signature-invalid', "a stranger's signature under the id of the role's key", {
    signatures: (_, document) => [{ ...sign(document, stranger, packType), keyid: release.keyid }],
  });
  add(
    'signature-twice',
    'signature-duplicate',
    'threshold 2 met by one key twice',
    { signers: [release, release] },
    {
      signers: [release, secondRelease],
      threshold: 2,
    },
  );
  add(
    'signature-threshold',
    'signature-threshold',
    'one of two needed signatures',
    {},
    {
      signers: [release, secondRelease],
      threshold: 2,
    },
  );
}

/** A signature whose message lacks the pre-authentication encoding. */
function signRaw(document: Uint8Array): string {
  return sign(document, release, null).sig;
}
