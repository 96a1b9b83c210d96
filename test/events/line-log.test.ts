import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayOfYear, LogClock, yearsBetween } from '../../events/log-clock.js';
import { openEventStream } from '../../events/read.js';
import { parseLogTime } from '../../events/time.js';
import { parseTimeZone, utc } from '../../events/zone.js';
import { expectCode } from '../support/expect-code.js';
import { readText } from '../support/text-log.js';

/** A line of each kind, what it is out of, and a field that only its own reader makes. */
const kinds: readonly (readonly [kind: string, line: string, source: string | null, field: string])[] = [
  ['syslog', 'Nov 24 10:00:00 web01 sshd[7]: Accepted password for bob', 'product=linux, service=sshd|auth|syslog', 'program'],
  ['syslog of cron', 'Nov 24 10:00:00 web01 CRON[7]: (root) CMD (true)', 'product=linux, service=cron|syslog', 'program'],
  ['container', '2026-11-24T10:00:00.123Z stdout F {"level":"info","x":1}', null, 'stream'],
  ['apache-error', "[Tue Nov 24 10:00:00.123456 2026] [core:notice] [pid 7] AH00094: '/usr/sbin/apache2'", 'product=apache, service=apache', 'module'],
  ['nginx-error', '2026/11/24 10:00:00 [error] 77#77: *1 open() failed, client: 10.0.0.5, host: "web01"', 'product=nginx, service=nginx', 'c-ip'],
  ['vsftpd', 'Tue Nov 24 10:00:01 2026 [pid 2] CONNECT: Client "10.0.0.9"', 'product=linux, service=vsftpd', 'src_ip'],
  ['clamav', 'Tue Nov 24 10:00:00 2026 -> /tmp/x: Eicar-Signature FOUND', 'product=linux, service=clamav, category=antivirus', 'Signature'],
  ['dpkg', '2025-06-24 14:36:25 upgrade libc6:amd64 2.36-9 2.36-10', 'product=linux, service=dpkg', 'package'],
  ['postgresql', '2026-11-24 10:00:00.123 UTC [12] bob@shop ERROR:  syntax error', 'product=postgresql|sql, service=postgresql, category=database|application', 'database'],
  ['mariadb', '2026-11-24 10:00:00 0 [Note] ready for connections', 'product=mysql|mariadb|sql, service=mysql, category=database|application', 'level'],
  ['log4j', '2026-11-24 10:00:00,123 [main] ERROR com.example.App - down', 'category=application', 'level'],
  ['tomcat', '24-Nov-2026 10:00:00.123 SEVERE [main] org.apache.Foo.bar down', 'category=application', 'level'],
  ['rails', 'E, [2026-11-24T10:00:00.123456 #7] ERROR -- : down', 'product=ruby_on_rails|ruby, category=application', 'level'],
  ['dmesg', '[   12.345678] usb 1-1: new device', 'product=linux, service=kernel|syslog', 'uptime'],
  ['cisco', '<189>6705: Feb 17 2026 10:00:00.123: %PARSER-5-CFGLOG_LOGGEDCMD: User:bob  logged command:no dot1x', 'product=cisco, service=aaa|syslog|parser|parser', 'mnemonic'],
  ['huawei', 'Feb 17 2026 10:00:00 core1 %%01BGP/3/BGP_AUTH_FAILED(l)[12]:session (x:179)', 'product=huawei, service=syslog|bgp|bgp', 'mnemonic'],
  ['audit', 'type=EXECVE msg=audit(1767323045.678:99): argc=2 a0="sh" a1=2D63', 'product=linux, service=auditd', 'a0'],
  ['combined', '203.0.113.5 - - [20/Nov/2026:10:00:01 +0000] "GET /a HTTP/1.1" 200 12 "-" "x"', 'service=apache|nginx, category=webserver', 'cs-method'],
  ['squid', '1785060000.250 345 10.1.2.3 TCP_MISS/200 12 GET http://a.example/ - HIER_DIRECT/192.0.2.7 text/html', 'product=squid, service=squid, category=proxy', 's-action'],
  ['json', '{"user":"bob","level":"warn"}', null, 'user'],
  ['none', 'hello world', null, 'message'],
]; // prettier-ignore

describe('a line is read for itself', () => {
  test.each(kinds)('%s', async (_kind, line, source, field) => {
    const { events, fields } = await readText('text', `${line}\n`);
    expect(fields).toHaveLength(1);
    expect(fields[0]).toHaveProperty([field]);
    expect(events[0]?.logSource?.toString() ?? null).toBe(source);
    expect(events[0]?.text).toBe(line);
  });

  test('no line is lost, whatever stands beside it, with any line end and in pieces of any size', async () => {
    const lines = fc.array(fc.constantFrom(...kinds.map(([, line]) => line), '\tat com.example.App', '  more', 'x=1'));
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 64 }),
        async (some, end, size) => {
          const marked = some.map((line, at) => `${line} #${at}#`);
          const { events } = await readText('text', marked.join(end), size);
          const text = events.map((event) => event.text).join('\n');
          for (const [at] of marked.entries()) expect(text.split(`#${at}#`)).toHaveLength(2);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a log that begins with lines of one form has the others too', async () => {
    const lines = kinds.map(([, line]) => `${line}\n`).join('');
    const stream = (async function* () {
      await Promise.resolve();
      yield Buffer.from(lines);
    })();
    const reading = await openEventStream(stream, 'x.log', { acceptsText: true, isNamed: true });
    const fields: Record<string, unknown>[] = [];
    for await (const batch of reading?.batches() ?? []) fields.push(...batch.map((event) => event.fields()));
    expect(reading?.report.skipped).toBe(0);
    kinds.forEach(([, , , field], at) => expect(fields[at]).toHaveProperty([field]));
  });

  test('a stack trace belongs to its record, and what follows does not', async () => {
    const { fields, events } = await readText(
      'text',
      '2026-11-24 10:00:00,123 ERROR App: down\njava.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\nNov 24 10:00:00 h su: x\n',
    );
    expect(events).toHaveLength(2);
    expect(fields[0]?.['message']).toContain('at a.B.c');
    expect(fields[1]).toMatchObject({ program: 'su' });
  });

  test('a hole of NULs before the first line', async () => {
    const { events, skips } = await readText('text', `${'\0'.repeat(2_000_000)}Nov 24 10:00:00 h su: x\n`, 65_536);
    expect(events.map(({ line }) => line)).toEqual(['Nov 24 10:00:00 h su: x']);
    expect(skips).toEqual([]);
  });
});

describe('time', () => {
  const at = (month: number, day: number) => ({ month, day, hour: 1, minute: 2, second: 3, millisecond: 0 });

  test('years are counted back from when the log was written', () => {
    const clock = new LogClock({ zone: utc, fileTimeMs: Date.UTC(2026, 1, 3), firstYear: 2024 });
    const years = [[11, 1], [12, 31], [1, 1], [12, 31], [6, 1], [1, 2], [2, 3]].map(([month = 0, day = 0]) => new Date(clock.withYear(at(month, day)) ?? 0).getUTCFullYear()); // prettier-ignore
    expect(years).toEqual([2024, 2024, 2025, 2024, 2025, 2026, 2026]);
    expect(yearsBetween(dayOfYear(12, 31), dayOfYear(1, 1))).toBe(1);
  });

  test('no time is later than the log, and without its date there is none', () => {
    const clock = new LogClock({ zone: utc, fileTimeMs: Date.UTC(2026, 1, 3) });
    expect(clock.withYear(at(11, 24))).toBe(Date.UTC(2025, 10, 24, 1, 2, 3));
    expect(new LogClock({ zone: utc }).withYear(at(11, 24))).toBeNull();
  });

  test.each([
    ['2026-02-31T10:00:00Z', null],
    ['2026-06-30T23:59:60Z', Date.UTC(2026, 6, 1)],
    ['2026-11-24 10:00:00,5', Date.UTC(2026, 10, 24, 10, 0, 0, 500)],
    ['2026-11-24T10:00:00+02', Date.UTC(2026, 10, 24, 8)],
    ['2026-11-24 10:00:00.123 CET', Date.UTC(2026, 10, 24, 9, 0, 0, 123)],
    [1_795_514_400_000_000, 1_795_514_400_000],
  ])('%s', (value, ms) => {
    expect(parseLogTime(value)).toBe(ms);
  });

  test('a zone by name, with its summer, and one that is none', async () => {
    const berlin = parseTimeZone('Europe/Berlin');
    expect(berlin({ year: 2026, ...at(7, 1) })).toBe(Date.UTC(2026, 6, 0, 23, 2, 3));
    expect(berlin({ year: 2026, ...at(1, 1) })).toBe(Date.UTC(2026, 0, 1, 0, 2, 3));
    await expectCode('time-zone', () => parseTimeZone('Mars/Base'));
  });
});
