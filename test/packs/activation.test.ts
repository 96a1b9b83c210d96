import { describe, expect, test } from 'vitest';
import { encodeBase64, utf8 } from '../../base/bytes.js';
import { canonicalJsonBytes } from '../../base/json.js';
import { encodePublicKey } from '../../keys/key.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey } from '../../keys/signing.js';
import {
  type ActivationRequest,
  encodeActivation,
  encodeActivationRequest,
  maxRequestBytes,
  type OfflineActivation,
  parseActivation,
  parseActivationRequest,
} from '../../packs/activation.js';
import { expectCode } from '../support/expect-code.js';

const request: ActivationRequest = {
  format: 1,
  client: '0.1.0',
  hostKey: encodePublicKey(newSealingKey().publicKey),
  license: 'lic_1',
  name: 'desk-7',
  nonce: '0123456789abcdef'.repeat(2),
};

const activation: OfflineActivation = {
  document: encodeBase64(utf8('{}')),
  host: { id: 'hst_1', keyid: 'a'.repeat(64) },
  issuedAt: '2026-07-01T00:00:00Z',
  license: 'lic_1',
  nonce: request.nonce,
  sealedToken: encodeBase64(utf8('sealed')),
};

describe('a request', () => {
  test('is read as it was written, with and without a license', () => {
    for (const license of ['lic_1', null])
      expect(parseActivationRequest(encodeActivationRequest({ ...request, license }))).toEqual({ ...request, license });
  });

  test.each<[string, object]>([
    ['an unknown member', { licenseKey: 'YMS-…' }],
    ['another format', { format: 2 }],
    ['a signing key', { hostKey: encodePublicKey(newSigningKey().publicKey) }],
    ['no name', { name: '' }],
    ['a name with a line break', { name: 'desk\n7' }],
    ['a license that is no id', { license: '../lic' }],
    ['a short nonce', { nonce: 'ab' }],
    ['a nonce in capitals', { nonce: 'AB'.repeat(16) }],
    ['a version that is none', { client: 'latest' }],
  ])('with %s', async (_, over) => {
    await expectCode('activation-malformed', () => parseActivationRequest(canonicalJsonBytes({ ...request, ...over })));
  });

  test('that is not canonical, or too long', async () => {
    const bytes = encodeActivationRequest(request);
    await expectCode('activation-malformed', () => parseActivationRequest(utf8(` ${Buffer.from(bytes).toString()}`)));
    await expectCode('activation-malformed', () => parseActivationRequest(new Uint8Array(maxRequestBytes + 1)));
  });
});

describe('an activation', () => {
  test('is read as it was written', () => {
    expect(parseActivation(encodeActivation(activation))).toEqual(activation);
  });

  test.each<[string, object]>([
    ['an unknown member', { token: 'plain' }],
    ['base64 without padding', { sealedToken: 'AAA' }],
    ['a document that is no base64', { document: '{"a":1}' }],
    ['a time of another form', { issuedAt: '2026-07-01' }],
    ['a key id that is none', { host: { id: 'hst_1', keyid: 'a' } }],
  ])('with %s', async (_, over) => {
    await expectCode('activation-malformed', () => parseActivation(canonicalJsonBytes({ ...activation, ...over })));
  });
});
