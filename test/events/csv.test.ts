import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readText } from '../support/text-log.js';

describe('csv', () => {
  test('a header names the fields; the line and its number go with the event', async () => {
    const { events, fields, report } = await readText('csv', 'Time,Signature\n2026-07-26T10:00:00Z,EICAR\n,\n');
    expect(fields).toEqual([
      { Time: '2026-07-26T10:00:00Z', Signature: 'EICAR' },
      { Time: '', Signature: '' },
    ]);
    expect(events.map(({ timeMs, lineNumber }) => [timeMs, lineNumber])).toEqual([
      [Date.UTC(2026, 6, 26, 10), 2],
      [null, 3],
    ]);
    expect(events[0]?.text).toBe('2026-07-26T10:00:00Z,EICAR');
    expect(report.events).toBe(2);
    expect(report.skipped).toBe(0);
  });

  test.each([
    ['comma', 'a,b,c\n1,2,3\n'],
    ['semicolon', 'a;b;c\n1;2;3\n'],
    ['tab', 'a\tb\tc\r\n1\t2\t3\r\n'],
    ['bar', 'a|b|c\n1|2|3'],
    ['what sep= says', 'sep=;\na;b;c\n1;2;3\n'],
    ['a comma in a quoted name', '"a";"b";"c"\n1;2;3\n'],
  ])('columns are divided by %s', async (_, text) => {
    expect((await readText('csv', text)).fields).toEqual([{ a: '1', b: '2', c: '3' }]);
  });

  test('quoted fields hold delimiters, quotes and line ends', async () => {
    const { fields, events } = await readText('csv', 'a,b\n"x,1","say ""no"""\n"two\nlines",2\n');
    expect(fields).toEqual([
      { a: 'x,1', b: 'say "no"' },
      { a: 'two\nlines', b: '2' },
    ]);
    expect(events.map(({ lineNumber }) => lineNumber)).toEqual([2, 3]);
  });

  test('a row with fewer columns has fewer fields, one with more has columns without a name', async () => {
    const { fields, skips } = await readText('csv', 'a,b\n1\n2,3\n4,5,6\n7,8,,\n');
    expect(fields).toEqual([{ a: '1' }, { a: '2', b: '3' }, { a: '4', b: '5', column3: '6' }, { a: '7', b: '8' }]);
    expect(skips).toEqual(['csv-columns 2', 'csv-columns 4']);
  });

  test('a quote that nobody closes makes its line text', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => `${i},x`).join('\n');
    const { fields, skips } = await readText('csv', `a,b\n"open,1\n${rows}\n`, 4096);
    expect(skips).toEqual(['csv-quote 2']);
    expect(fields).toHaveLength(301);
    expect(fields[0]).toEqual({ message: '"open,1' });
  });

  test('a quote that closes too early makes its line text', async () => {
    const { fields, skips } = await readText('csv', 'a,b\n"x"y,1\n"z",2\n');
    expect(skips).toEqual(['csv-quote 2']);
    expect(fields).toEqual([{ message: '"x"y,1' }, { a: 'z', b: '2' }]);
  });

  test('an open quote before a line with quotes costs its own line only', async () => {
    const { fields, skips } = await readText('csv', 'a,b\n"x,1\ny("z"),2\n"v","w"\n');
    expect(skips).toEqual(['csv-quote 2']);
    expect(fields).toEqual([{ message: '"x,1' }, { a: 'y("z")', b: '2' }, { a: 'v', b: 'w' }]);
  });

  test('a quote inside a bare field is a character', async () => {
    expect((await readText('csv', 'a,b\n5" disk,1\nx,y"\n"q",5"\n')).fields).toEqual([
      { a: '5" disk', b: '1' },
      { a: 'x', b: 'y"' },
      { a: 'q', b: '5"' },
    ]);
  });

  test('an open quote at the end of the file', async () => {
    expect((await readText('csv', 'a,b\n1,2\n"x,2')).skips).toEqual(['csv-quote 3']);
  });

  test('names that are empty or come twice', async () => {
    expect((await readText('csv', 'a,,a\n1,2,3\n')).fields).toEqual([{ a: ['1', '3'], column2: '2' }]);
  });

  test('no header, no events', async () => {
    for (const text of ['', '\n\n']) expect((await readText('csv', text)).report.skipped).toBe(0);
    expect((await readText('csv', 'only one column\n1\n')).skips).toEqual(['csv-header 1']);
  });

  test('mixed encodings: UTF-8 with its mark, a line of Windows-1252, UTF-16', async () => {
    const mixed = Buffer.concat([Buffer.from('\ufeffa,b\nä,1\n'), Buffer.from('\xe4,2\n', 'latin1')]);
    const { fields, skips } = await readText('csv', mixed);
    expect(fields.map(({ a }) => a)).toEqual(['ä', 'ä']);
    expect(skips).toEqual(['utf8-invalid 3']);
    expect((await readText('csv', Buffer.from('\ufeffa,b\nä,1\n', 'utf16le'))).fields).toEqual([{ a: 'ä', b: '1' }]);
    const bigEndian = Buffer.from('\ufeffa,b\nä,1\n', 'utf16le').swap16();
    expect((await readText('csv', bigEndian)).fields).toEqual([{ a: 'ä', b: '1' }]);
  });

  test('a line without end costs no memory and is named', async () => {
    const text = `a,b\n${'x'.repeat(3_000_000)},1\n2,3\n`;
    const { fields, skips } = await readText('csv', text, 65_536);
    expect(skips).toEqual(['line-too-long 2', 'csv-columns 2', 'csv-columns 2']);
    expect(fields).toHaveLength(4);
    expect(fields[3]).toEqual({ a: '2', b: '3' });
    const length = fields.slice(0, 3).reduce((sum, { a }) => sum + String(a).length, 0);
    expect(length).toBe(3_000_000);
    expect(fields[2]).toMatchObject({ b: '1' });
  });

  test('whatever is written with quotes comes back', async () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replace(/[\r\n\0]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 8 }), async (rows) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = `a,b\n${rows.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
        const { fields } = await readText('csv', text, 3);
        expect(fields).toEqual(rows.map(([a, b]) => ({ a, b })));
      }),
    );
  });
});
