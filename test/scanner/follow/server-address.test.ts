import { expect, test } from 'vitest';
import { serverAddress } from '../../../scanner/update/activate.js';
import { expectCode } from '../../support/expect-code.js';

test.each([
  ['https://yms.example', 'https://yms.example/'],
  ['http://127.0.0.1:8443/yms', 'http://127.0.0.1:8443/yms/'],
])('%s is the address %s', (text, address) => {
  expect(serverAddress(text)).toBe(address);
});

test.each(['', 'yms.example', 'ftp://yms.example/', 'https://yms.example/?a=1', 'https://yms.example/#a'])(
  '"%s" is no address of a server',
  async (text) => {
    await expectCode('request-refused', () => serverAddress(text));
  },
);

test.each(['https://admin:hunter2@yms.example/', 'https://:hunter2@yms.example/'])(
  '%s is refused without repeating its credentials',
  async (text) => {
    const error = await expectCode('request-refused', () => serverAddress(text));
    expect(error.message).not.toContain('hunter2');
  },
);
