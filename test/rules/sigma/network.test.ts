import { describe, expect, test } from 'vitest';
import { isInNetwork, parseAddress, parseNetwork } from '../../../rules/sigma/network.js';

const isIn = (address: string, network: string) => {
  const parsed = parseAddress(address);
  const range = parseNetwork(network);
  return parsed !== null && range !== null && isInNetwork(parsed, range);
};

describe('networks', () => {
  test.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['192.168.1.127', '192.168.1.0/25', true],
    ['192.168.1.128', '192.168.1.0/25', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['::1', '0.0.0.0/0', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.2', '127.0.0.1/32', false],
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['fe80::1%eth0', 'fe80::/10', true],
    ['febf:ffff::1', 'fe80::/10', true],
    ['fec0::1', 'fe80::/10', false],
    ['2001:db8::5', '2001:db8::/32', true],
    ['::1', '::1', true],
    ['::1', '::/0', true],
    ['10.1.2.3', '::/0', false],
    ['::ffff:10.1.2.3', '::/0', false],
    ['10.1.2.3', '::/64', false],
    ['10.1.2.3', '::ffff:0:0/96', true],
    ['2001:db8::5', '::ffff:0:0/96', false],
  ])('%s in %s: %s', (address, network, expected) => {
    expect(isIn(address, network)).toBe(expected);
  });

  test.each(['', 'host', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4/8', ':::', 'g::1'])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test.each(['1.2.3.4/', '1.2.3.4/8', '1.2.3.0/33', '::/129', '1.2.3.0/24/8', '1.2.3.0/-1'])(
    '%j is no network',
    (text) => {
      expect(parseNetwork(text)).toBeNull();
    },
  );
});
