/** The programs that feeds are made for read them, and do what the feed means. Each check runs where its program is. */
import { Resolver } from 'node:dns/promises';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilePack } from '../../builder/compile/compile.js';
import { loadConfig } from '../../builder/config/config.js';
import { makeFeeds } from '../../builder/feeds/feed.js';
import { type FeedFormatName, feedFormatNames } from '../../packs/feed.js';
import { compileIndicator, type Indicator } from '../../rules/ioc/indicator.js';
import type { CompiledItem } from '../../rules/item.js';
import { encodeCapture, encodeQuery, EveryName, freePort } from '../support/dns-wire.js';
import { findProgram, runProgram, RunningProgram } from '../support/program.js';

const content = fileURLToPath(new URL('../../content/yms.yaml', import.meta.url));
const packs = ['mining-pools', 'ioc', 'hard'] as const;

const item = (type: Indicator['type'], value: string, more: Partial<Indicator> = {}): CompiledItem =>
  compileIndicator({ type, value, score: 100, description: '"; evil\n) # |', ...more });

/** Everything that is hard on a consumer: cover, exceptions, odd labels, long names, edges of networks. */
const hard: readonly CompiledItem[] = [
  item('domain', 'bad.net'),
  item('domain', 'deep.bad.net'),
  item('fqdn', 'www.bad.net'),
  item('fqdn', 'solo.org'),
  item('domain', 'shop.org'),
  item('domain', 'good.cdn.shop.org', { role: 'trusted' }),
  item('domain', '_dmarc.under_score.com'),
  item('fqdn', '1-2-3.4x.com'),
  item('domain', 'xn--bcher-kva.com'),
  item('domain', `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.com`),
  item('domain', `${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(63)}.${'g'.repeat(50)}.com`),
  item('ip', '192.0.2.66'),
  item('cidr', '198.51.100.0/24'),
  item('cidr', '198.51.100.128/25'),
  item('ip', '198.51.100.1'),
  item('ip', '198.51.101.0'),
  item('ip', '2001:db8::1'),
  item('cidr', '2001:db8:bad::/48'),
  item('cidr', '2001:db8:0:0:1::/80'),
  item('url', 'http://files.bad.org/a;b|c"\\?x=1&y=%22'),
  item('email', 'spam@bad.org'),
  item('md5', 'a'.repeat(32)),
  ...Array.from({ length: 2000 }, (_, at) => item(at % 2 === 0 ? 'domain' : 'fqdn', `host-${at}.many.com`)),
];

/** Names, and whether a resolver with the feed of `hard` gives their address. */
const expected: Readonly<Record<string, boolean>> = {
  'bad.net': false,
  'www.bad.net': false,
  'a.b.c.bad.net': false,
  'notbad.net': true,
  'bad.net.org': true,
  'solo.org': false,
  'www.solo.org': true,
  'shop.org': false,
  'www.shop.org': false,
  'cdn.shop.org': false,
  'x.cdn.shop.org': false,
  'good.cdn.shop.org': true,
  'www.good.cdn.shop.org': true,
  'host-0.many.com': false,
  'www.host-0.many.com': false,
  'host-1.many.com': false,
  'www.host-1.many.com': true,
  'free.com': true,
};

let folder: string;
const pathOf = (pack: string, format: FeedFormatName | 'conf') => join(folder, `${pack}.${format}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-consumers-'));
  await chmod(folder, 0o755); // some programs give up root's rights before they read
  const config = await loadConfig(content);
  for (const label of packs) {
    const pack = config.packs.find((one) => one.label === label);
    const items = pack ? (await compilePack(config.folder, pack)).rules.map((rule) => rule.item) : hard;
    const heading = { feature: label, pack: 'core', channel: 'stable', version: '1', sequence: 7 };
    const plans = feedFormatNames.map((name) => ({ name, minScore: 40 }));
    for (const feed of makeFeeds(items, plans, { ...heading, createdAt: '2026-07-01T00:00:00Z', terms: ['CC0-1.0'] }))
      await writeFile(join(folder, `${label}.${feed.name}`), feed.bytes);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const installed = (...names: readonly string[]) => describe.runIf(names.every((name) => findProgram(name) !== null));

installed('named-checkzone')('BIND: named-checkzone', () => {
  test.each(packs)('loads the zone of %s', (pack) => {
    const { status, output } = runProgram('named-checkzone', ['-k', 'fail', 'rpz.example', pathOf(pack, 'rpz')]);
    expect([status, output]).toEqual([0, expect.stringMatching(/loaded serial 7\nOK\n$/)]);
  });
});

installed('unbound-checkconf')('unbound: unbound-checkconf', () => {
  test.each(packs)('takes the file of %s', (pack) => {
    const { status, output } = runProgram('unbound-checkconf', [pathOf(pack, 'unbound')]);
    expect([status, output]).toEqual([0, expect.stringMatching(/^unbound-checkconf: no errors in .*\n$/)]);
  });
});

installed('dnsmasq')('dnsmasq: --test', () => {
  test.each(packs)('takes the file of %s', (pack) => {
    const { status, output } = runProgram('dnsmasq', ['--test', `--conf-file=${pathOf(pack, 'dnsmasq')}`]);
    expect([status, output]).toEqual([0, 'dnsmasq: syntax check OK.\n']);
  });
});

/** Also to check a file, nft asks the kernel. */
const kernelAnswers = () => findProgram('nft') !== null && runProgram('nft', ['-c', 'add table inet yms']).status === 0;

describe.runIf(kernelAnswers())('nftables: nft --check', () => {
  test.each(packs)('takes the sets of %s', (pack) => {
    expect(runProgram('nft', ['-c', '-f', pathOf(pack, 'nftables')])).toEqual({ status: 0, output: '' });
  });
});

installed('squid')('squid: -k parse', () => {
  test.each(packs)('takes the lists of %s without a warning', async (pack) => {
    const lists = [`acl bad dstdomain "${pathOf(pack, 'squid')}"`, `acl worse dst "${pathOf(pack, 'addresses')}"`];
    const rules = [
      'http_access deny bad',
      'http_access deny worse',
      'http_access deny all',
      'http_port 127.0.0.1:3128',
    ];
    await writeFile(pathOf(pack, 'conf'), [...lists, ...rules, ''].join('\n'));
    const { status, output } = runProgram('squid', ['-k', 'parse', '-f', pathOf(pack, 'conf')]);
    const complaints = output.split('\n').filter((line) => /warning|error|fatal/i.test(line));
    // An empty list is told, and fits: nothing is denied by it.
    expect([status, complaints.filter((line) => !/empty ACL/i.test(line))]).toEqual([0, []]);
  });
});

installed('suricata')('Suricata', () => {
  async function suricata(pack: string, args: readonly string[]): Promise<string> {
    const config = join(folder, 'suricata.yaml');
    const empty = join(folder, 'empty');
    await writeFile(empty, '');
    const lines = ['%YAML 1.1', '---', 'vars: { address-groups: { HOME_NET: any } }', 'stats: { enabled: false }'];
    const files = ['classification-file', 'reference-config-file', 'threshold-file'].map((name) => `${name}: ${empty}`);
    const protocols =
      'tls: { enabled: yes }, http: { enabled: yes }, dns: { tcp: { enabled: yes }, udp: { enabled: yes } }';
    const outputs = 'outputs: [{ fast: { enabled: yes, filename: fast.log } }]';
    const body = [...lines, ...files, `app-layer: { protocols: { ${protocols} } }`, outputs, ''];
    await writeFile(config, body.join('\n'));
    const rules = ['-c', config, '-S', pathOf(pack, 'suricata'), '-l', folder, '-k', 'none'];
    const { status, output } = runProgram('suricata', [...args, ...rules]);
    expect([status, output]).toEqual([0, expect.anything()]);
    return output;
  }

  test.each(packs)('-T loads every rule of %s', async (pack) => {
    const rules = (await readFile(pathOf(pack, 'suricata'), 'utf8')).match(/^alert /gm)?.length ?? 0;
    expect(await suricata(pack, ['-T', '-v'])).toContain(`${rules} rules successfully loaded, 0 rules failed`);
  });

  test('alerts on the names and on what is below them', async () => {
    const names = ['bad.net', 'www.BAD.net', 'notbad.net', 'solo.org', 'www.solo.org', 'bad.net.org'];
    await writeFile(join(folder, 'queries.pcap'), encodeCapture(names.map(encodeQuery)));
    await suricata('hard', ['-r', join(folder, 'queries.pcap')]);
    const alerts = await readFile(join(folder, 'fast.log'), 'utf8');
    const ports = [...alerts.matchAll(/query for .* 10\.0\.0\.1:(\d+) ->/g)].map(([, port]) => Number(port) - 20_000);
    expect(ports.sort().map((index) => names[index])).toEqual(['bad.net', 'www.BAD.net', 'solo.org']);
  });
});

describe('resolvers answer as the feed means it', () => {
  let upstream: EveryName;
  let port: number;
  beforeAll(async () => {
    upstream = await EveryName.listen((name) => ({
      a: Buffer.from(name.startsWith('listed4.') ? [192, 0, 2, 66] : [203, 0, 113, 1]),
      aaaa: Buffer.from(`${name.startsWith('listed6.') ? '20010db80bad' : '20010db80001'}${'0'.repeat(19)}1`, 'hex'),
    }));
    port = await freePort();
  });
  afterAll(() => upstream.close());

  /** Whether the resolver gives the addresses of the upstream server for a name. */
  async function resolves(name: string, family: 'A' | 'AAAA' = 'A'): Promise<boolean> {
    const resolver = new Resolver({ timeout: 2000, tries: 3 });
    resolver.setServers([`127.0.0.1:${port}`]);
    try {
      const [address] = family === 'A' ? await resolver.resolve4(name) : await resolver.resolve6(name);
      return address !== undefined && address !== '0.0.0.0' && address !== '::';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' || code === 'ENODATA') return false;
      throw error;
    }
  }

  async function answers(program: string, args: readonly string[], ready: RegExp, more: readonly string[] = []) {
    const running = await RunningProgram.start(program, args, ready);
    try {
      const found: Record<string, boolean> = {};
      for (const name of Object.keys(expected)) {
        found[name] = await resolves(name);
        expect([name, await resolves(name, 'AAAA')]).toEqual([name, found[name]]);
      }
      for (const name of more) found[name] = await resolves(name, name.startsWith('listed6.') ? 'AAAA' : 'A');
      return found;
    } finally {
      await running.stop();
    }
  }

  async function dnsmasq(lines: readonly string[]) {
    const config = pathOf('hard', 'conf');
    const base = ['listen-address=127.0.0.1', 'bind-interfaces', 'no-resolv', 'no-hosts', 'user=root', 'pid-file='];
    const wired = [`port=${port}`, `server=127.0.0.1#${upstream.port}`, 'log-facility=-'];
    await writeFile(config, [...base, ...wired, ...lines, ''].join('\n'));
    return answers('dnsmasq', ['--keep-in-foreground', `--conf-file=${config}`], /started, version/);
  }

  test.runIf(findProgram('dnsmasq') !== null)('dnsmasq', async () => {
    expect(await dnsmasq([`conf-file=${pathOf('hard', 'dnsmasq')}`])).toEqual(expected);
  });

  test.runIf(findProgram('dnsmasq') !== null)('dnsmasq with the hosts file: the names alone', async () => {
    const found = await dnsmasq([`addn-hosts=${pathOf('hard', 'hosts')}`]);
    const blocked = Object.keys(found).filter((name) => found[name] === false);
    expect(blocked).toEqual(['bad.net', 'www.bad.net', 'solo.org', 'shop.org', 'host-0.many.com', 'host-1.many.com']);
  });

  test.runIf(findProgram('unbound') !== null)('unbound', async () => {
    const config = pathOf('hard', 'conf');
    const lines = [
      'server:',
      ...['directory: ""', 'chroot: ""', 'username: ""', 'pidfile: ""', 'use-syslog: no', 'do-daemonize: no'],
      ...['module-config: "iterator"', 'do-not-query-localhost: no', `interface: 127.0.0.1@${port}`, 'verbosity: 1'],
      `include: "${pathOf('hard', 'unbound')}"`,
      'forward-zone:',
      ...['name: "."', `forward-addr: 127.0.0.1@${upstream.port}`],
      'remote-control:',
      'control-enable: no',
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    expect(await answers('unbound', ['-d', '-c', config], /start of service/)).toEqual(expected);
  });

  test.runIf(findProgram('named') !== null)('BIND, also for answers with a listed address', async () => {
    const config = pathOf('hard', 'conf');
    await writeFile(
      config,
      `options {
        directory "${folder}"; pid-file none; session-keyfile none; dnssec-validation no; recursion yes;
        listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
        forward only; forwarders port ${upstream.port} { 127.0.0.1; };
        response-policy { zone "rpz.example"; } qname-wait-recurse no;
      };
      controls { };
      zone "rpz.example" { type primary; file "${pathOf('hard', 'rpz')}"; allow-query { none; }; };\n`,
    );
    const listed = { 'listed4.free.com': false, 'listed6.free.com': false };
    const found = await answers(
      'named',
      ['-g', '-c', config],
      /rpz.example: reload done: success/,
      Object.keys(listed),
    );
    expect(found).toEqual({ ...expected, ...listed });
  });
});
