import { describe, expect, test } from 'vitest';
import { readText } from '../support/text-log.js';

describe('key=value', () => {
  test.each([
    ['blanks', 'time=2026-07-26T10:00:00Z threat="EICAR Test" file=C:\\x.exe'],
    ['commas', 'time=2026-07-26T10:00:00Z,threat="EICAR Test",file=C:\\x.exe'],
    ['tabs', 'time=2026-07-26T10:00:00Z\tthreat=EICAR Test\tfile=C:\\x.exe'],
    [
      'the head of syslog before them',
      '<13>Jul 26 10:00:00 av01 scand[7]: time=2026-07-26T10:00:00Z threat=EICAR Test file=C:\\x.exe',
    ],
  ])('pairs divided by %s', async (_, line) => {
    const { fields, events } = await readText('key-value', `${line}\n`);
    expect(fields).toEqual([{ time: '2026-07-26T10:00:00Z', threat: 'EICAR Test', file: 'C:\\x.exe' }]);
    expect(events[0]?.timeMs).toBe(Date.UTC(2026, 6, 26, 10));
  });

  test('quotes in quotes', async () => {
    expect((await readText('key-value', 'a="x \\"y\\" z" b="say ""no""" c=1\n')).fields).toEqual([
      { a: 'x "y" z', b: 'say "no"', c: '1' },
    ]);
  });

  test('CEF: the head gives fields, labels give names', async () => {
    const line =
      'CEF:0|Acme|Guard|9.1|100|Malware \\| found|8|fname=a b.exe cs1Label=Virus Name cs1=Trojan.X act=blocked';
    expect((await readText('key-value', line)).fields).toEqual([
      {
        deviceVendor: 'Acme',
        deviceProduct: 'Guard',
        deviceVersion: '9.1',
        deviceEventClassId: '100',
        name: 'Malware | found',
        cefSeverity: '8',
        fname: 'a b.exe',
        cs1Label: 'Virus Name',
        cs1: 'Trojan.X',
        VirusName: 'Trojan.X',
        act: 'blocked',
      },
    ]);
  });

  test('lines without pairs are named, and text', async () => {
    const { skips, fields } = await readText('key-value', '# comment\nhello world\na=1\na=1 b=2\n');
    expect(skips).toEqual(['line-syntax 1', 'line-syntax 2', 'line-syntax 3']);
    expect(fields).toEqual([
      { message: '# comment' },
      { message: 'hello world' },
      { message: 'a=1' },
      { a: '1', b: '2' },
    ]);
  });
});
