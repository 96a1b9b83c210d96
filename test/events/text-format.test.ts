import { describe, expect, test } from 'vitest';
import { FieldMap, parseFieldMap } from '../../events/field-map.js';
import { textFormatOf } from '../../events/text-format.js';
import { parseTextTime } from '../../events/text-time.js';
import { splitUrl } from '../../events/url-parts.js';
import { expectCode } from '../support/expect-code.js';
import { readText } from '../support/text-log.js';

describe('what a text log is', () => {
  test.each([
    ['#Fields: date time c-ip\n', 'x.log', 'w3c'],
    [
      '1785060000.250 345 10.1.2.3 TCP_MISS/200 1234 GET http://a.example/ - HIER_DIRECT/192.0.2.7 text/html\n',
      'access.log',
      'squid',
    ],
    ['10.0.0.1 - - [26/Jul/2026:12:00:00 +0200] "GET / HTTP/1.1" 200 5 "-" "-"\n', 'access.log', 'combined'],
    ['anything\n', 'x.csv', 'csv'],
    ['a;b;c\n1;2;3\n4;5;6\n', 'x.txt', 'csv'],
    ['a=1 b=2 c=3\na=1 b=2 c=3\n', 'x.log', 'key-value'],
    ['Dear reader, this is prose.\nIt has lines, and commas.\nNo more.\n', 'x.txt', null],
    ['', 'x.txt', null],
  ])('%j called %s is %s', (head, name, format) => {
    expect(textFormatOf(head, name)).toBe(format);
  });
});

describe('time stamps', () => {
  const ten = Date.UTC(2026, 6, 26, 10);
  test.each([
    ['2026-07-26T10:00:00Z', ten],
    ['2026-07-26 12:00:00+02:00', ten],
    ['[26/Jul/2026:12:00:00 +0200]', ten],
    ['Jul 26 2026 10:00:00', ten],
    ['2026/07/26 10:00:00', ten],
    ['26.07.2026 10:00:00', ten],
    ['1785060000', 1_785_060_000_000],
    ['07/08/2026 10:00:00', null],
    ['31.02.2026', null],
    ['', null],
    ['x'.repeat(100), null],
  ])('%s', (text, ms) => {
    expect(parseTextTime(text)).toBe(ms);
  });
});

describe('URLs of logs', () => {
  test.each([
    ['http://user:pw@a.example:8080/x/y.exe?q#f', { host: 'a.example', port: 8080, path: '/x/y.exe' }],
    ['https://a.example', { host: 'a.example', port: 443, path: '' }],
    ['https://[2001:db8::1]/x', { host: '[2001:db8::1]', port: 443, path: '/x' }],
    ['http://[2001:db8::1]:81/', { host: '[2001:db8::1]', port: 81, path: '/' }],
    ['a.example:443', { host: 'a.example', port: 443, path: '' }],
    ['tunnel://a.example:443/', { host: 'a.example', port: 443, path: '/' }],
    ['/only/path?x', { host: null, port: null, path: '/only/path' }],
    ['-', { host: null, port: null, path: '-' }],
    ['', { host: null, port: null, path: '' }],
  ])('%s', (url, parts) => {
    expect(splitUrl(url)).toEqual(parts);
  });
});

describe('field maps', () => {
  test('rename fields, whatever their case; a field in the way steps aside', async () => {
    const { events } = await readText('csv', 'Virus Name,Signature\nEICAR,db 7\n');
    const map = parseFieldMap(['Signature=virus name']);
    expect(events.map((event) => map.apply(event).fields())).toEqual([
      { Signature: 'EICAR', 'other-Signature': 'db 7' },
    ]);
    expect(events.map((event) => map.apply(map.apply(event)).lineNumber)).toEqual([2]);
  });

  test('an event without such fields stays as it is', async () => {
    const { events } = await readText('csv', 'a,b\n1,2\n');
    const map = new FieldMap(new Map([['x', 'y']]));
    for (const event of events) expect(map.apply(event)).toBe(event);
  });

  test('are refused when they are none', async () => {
    for (const pair of ['Signature', '=x', 'x=', '']) await expectCode('field-map', () => parseFieldMap([pair]));
  });
});
