import { describe, expect, test } from 'vitest';
import { readText } from '../support/text-log.js';

describe('squid', () => {
  const line =
    '1785060000.250   345 10.1.2.3 TCP_MISS/200 1234 GET http://files.example:8000/a/tool.exe?x=1 jdoe HIER_DIRECT/192.0.2.7 application/x-msdownload';

  test('the native format, in the words of Sigma', async () => {
    const { fields, events } = await readText('squid', `${line}\n`);
    expect(fields[0]).toMatchObject({
      's-action': 'TCP_MISS',
      'sc-status': 200,
      'sc-bytes': 1234,
      'cs-method': 'GET',
      'c-uri': 'http://files.example:8000/a/tool.exe?x=1',
      'cs-host': 'files.example',
      'cs-uri-port': 8000,
      'c-uri-stem': '/a/tool.exe',
      'c-uri-query': 'x=1',
      'c-uri-extension': 'exe',
      'cs-username': 'jdoe',
      'rs-content-type': 'application/x-msdownload',
      dst_ip: '192.0.2.7',
    });
    expect(events[0]?.timeMs).toBe(1_785_060_000_250);
  });

  test('a tunnel has a host and a port', async () => {
    const connect = line.replace('GET http://files.example:8000/a/tool.exe?x=1', 'CONNECT login.example:443');
    expect((await readText('squid', connect)).fields[0]).toMatchObject({
      'cs-host': 'login.example',
      'cs-uri-port': 443,
    });
  });

  test('other lines are named', async () => {
    expect((await readText('squid', `${line}\nhello\n${line.slice(0, 40)}\n`)).skips).toEqual([
      'line-syntax 2',
      'line-syntax 3',
    ]);
  });
});

describe('combined', () => {
  const line =
    '10.1.2.3 - jdoe [26/Jul/2026:12:00:00 +0200] "GET http://files.example/a.ps1 HTTP/1.1" 200 512 "-" "Say \\"hi\\"/1.0"';

  test('of a proxy: the request names a host', async () => {
    const { fields, events } = await readText('combined', line);
    expect(fields[0]).toMatchObject({
      'cs-host': 'files.example',
      'cs-uri-stem': '/a.ps1',
      'cs-method': 'GET',
      'sc-status': 200,
      'sc-bytes': 512,

      'c-useragent': 'Say "hi"/1.0',
      'cs-user-agent': 'Say "hi"/1.0',
    });
    expect(events[0]?.timeMs).toBe(Date.UTC(2026, 6, 26, 10));
  });

  test('of a web server: no host, but the name of the server where it stands in front', async () => {
    const own = line.replace('http://files.example', '');
    expect((await readText('combined', own)).fields[0]).not.toHaveProperty('cs-host');
    expect((await readText('combined', `www.example:443 ${own}`)).fields[0]).toHaveProperty(
      's-computername',
      'www.example:443',
    );
  });

  const agent = '"-" "Mozilla/5.0"';
  test.each([
    ['a path', `"GET /a?u=http://b.example/ HTTP/1.1" 200 5 ${agent}`, ['webserver']],
    ['no request at all', `"\\x16\\x03" 400 0 ${agent}`, ['webserver']],
    ['the common format', '"GET /a HTTP/1.0" 200 5', ['webserver']],
    ['an answer of Squid that the client wrote', '"GET /a HTTP/1.1" 200 5 "-" "x TCP_MISS:HIER_DIRECT"', ['webserver']],
    [
      'a whole URL, which a web server takes too',
      `"GET http://b.example/ HTTP/1.1" 200 5 ${agent}`,
      ['webserver', 'proxy'],
    ],
    ['a tunnel', `"CONNECT b.example:443 HTTP/1.1" 200 5 ${agent}`, ['webserver', 'proxy']],
    ['Squid, combined', `"GET http://b.example/ HTTP/1.1" 200 5 ${agent} TCP_MISS:HIER_DIRECT`, ['proxy']],
    ['Squid, common', '"CONNECT b.example:443 HTTP/1.1" 200 5 TCP_TUNNEL:HIER_DIRECT', ['proxy']],
  ])('whose log it is: %s', async (_what, request, category) => {
    const { events } = await readText('combined', `10.1.2.3 - - [26/Jul/2026:12:00:00 +0200] ${request}`);
    expect(events[0]?.logSource?.names.category).toEqual(category);
  });

  test('requests that are none, the common format, and other lines', async () => {
    const { fields, skips } = await readText(
      'combined',
      '::1 - - [26/Jul/2026:12:00:00 +0000] "\\x16\\x03\\x01" 400 226\nhello\n',
    );
    expect(fields[0]).toMatchObject({ 'c-uri': '\\x16\\x03\\x01', 'sc-status': 400 });
    expect(fields[0]).not.toHaveProperty('cs-method');
    expect(skips).toEqual(['line-syntax 2']);
  });

  test('a hostile line takes no time', async () => {
    const start = performance.now();
    await readText('combined', `1 2 ${' ['.repeat(400_000)}`, 65_536);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('w3c', () => {
  const log = [
    '#Software: SGOS 7.3',
    '#Fields: date time c-ip cs(User-Agent) cs-host cs-uri-path sc-status',
    '2026-07-26 10:00:00 10.1.2.3 "curl/8.0 (x y)" files.example /a.exe 200',
    '2026-07-26 10:00:01 10.1.2.3 curl files.example /a.exe',
    '#Fields: date time cs-host sc-status',
    '2026-07-26 10:00:02 other.example 403',
  ].join('\n');

  test('fields as the log names them, and as Sigma does; each #Fields counts from its line on', async () => {
    const { fields, events, skips } = await readText('w3c', log);
    expect(fields[0]).toMatchObject({
      'cs(User-Agent)': 'curl/8.0 (x y)',
      'c-useragent': 'curl/8.0 (x y)',
      'cs-user-agent': 'curl/8.0 (x y)',
      'c-uri-stem': '/a.exe',
      src_ip: '10.1.2.3',
      'sc-status': '200',
    });
    expect(events.map(({ timeMs }) => timeMs)).toEqual([0, 1, 2].map((second) => Date.UTC(2026, 6, 26, 10, 0, second)));
    expect(fields[1]).toEqual({ message: '2026-07-26 10:00:01 10.1.2.3 curl files.example /a.exe' });
    expect(fields[2]).toEqual({ date: '2026-07-26', time: '10:00:02', 'cs-host': 'other.example', 'sc-status': '403' });
    expect(skips).toEqual(['w3c-columns 4']);
  });

  test.each([
    ['a proxy by its name', '#Software: SGOS 7.3\n#Fields: time c-ip sc-status', 'proxy'],
    ['a proxy by a whole URL', '#Fields: time cs-uri sc-status', 'proxy'],
    ['a proxy by whom it asked, though it has a path as IIS', '#Fields: time cs-uri-stem r-ip', 'proxy'],
    ['IIS by its columns', '#Fields: time cs-uri-stem sc-win32-status', 'webserver'],
    ['a web server, where nothing says more', '#Fields: time c-ip cs-method', 'webserver'],
  ])('whose log it is: %s', async (_what, head, category) => {
    const { events } = await readText('w3c', `${head}\n10:00:00 a b\n`);
    expect(events[0]?.logSource?.names.category).toEqual([category]);
  });

  test('rows before #Fields are named', async () => {
    expect((await readText('w3c', '#Version: 1.0\n1 2 3\n')).skips).toEqual(['w3c-fields 2']);
  });
});
