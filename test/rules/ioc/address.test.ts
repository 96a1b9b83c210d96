import fc from 'fast-check';
import { BlockList, isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import { normaliseCidr, normaliseIp } from '../../../rules/ioc/address.js';
import { CidrTable } from '../../../rules/ioc/cidr-table.js';

test('an address has one spelling, the one that URLs use for IPv6', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const normal = normaliseIp(text);
      if (normal === null || !isIPv6(normal)) return;
      expect(normal).toBe(new URL(`http://[${text}]/`).hostname.slice(1, -1));
    }),
    { numRuns: 2000 },
  );
});

test.each(['1.2.3', '1.2.3.256', '01.2.3.4', '1.2.3.4.5', '', '::g', 'fe80::1%eth0', '1.2.3.4/8', '0x7f.0.0.1'])(
  '%s is no address',
  (text) => {
    expect(normaliseIp(text)).toBeNull();
  },
);

test.each(['1.2.3.4', '1.2.3.4/33', '::/129', '1.2.3.4/-1', '1.2.3.4/08', '1.2.3/8', '/8'])(
  '%s is no network',
  (text) => {
    expect(normaliseCidr(text)).toBeNull();
  },
);

test('a table of networks answers as a block list of Node.js does', () => {
  const networks = [
    '10.0.0.0/8',
    '10.1.0.0/16',
    '192.0.2.128/25',
    '203.0.113.7/32',
    '2001:db8::/32',
    '2001:db8:1::/48',
    '0.0.0.0/1',
  ];
  const table = new CidrTable<string>();
  const lists = networks.map((network) => {
    const [address = '', prefix = ''] = network.split('/');
    const list = new BlockList();
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(prefix), family);
    table.add(network, network);
    return { network, list, family } as const;
  });
  const near = fc.constantFrom(
    '10.1.2.3',
    '10.255.255.255',
    '11.0.0.0',
    '192.0.2.127',
    '192.0.2.128',
    '203.0.113.7',
    '203.0.113.8',
    '2001:db8::1',
    '2001:db8:1::1',
    '2001:db9::',
  );
  fc.assert(
    fc.property(fc.oneof(near, fc.ipV4(), fc.ipV6()), (address) => {
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      const expected = lists
        .filter((entry) => entry.family === family && entry.list.check(address, family))
        .map(({ network }) => network);
      expect(table.find(address).sort()).toEqual(expected.sort());
    }),
    { numRuns: 1000 },
  );
});
