import { describe, expect, test } from 'vitest';
import { textFormatOf, type TextFormat } from '../../events/text-format.js';
import { readText } from '../support/text-log.js';

async function one(
  format: TextFormat,
  line: string,
): Promise<{ fields: Record<string, unknown>; timeMs: number | null }> {
  expect(textFormatOf(`${line}\n`, 'some.log')).toBe(format);
  const { fields, events, skips } = await readText(format, `${line}\n`);
  expect(skips).toEqual([]);
  return { fields: fields[0] ?? {}, timeMs: events[0]?.timeMs ?? null };
}

describe('syslog', () => {
  test('BSD: no year, no time', async () => {
    const { fields, timeMs } = await one('syslog', '<38>Jan  2 03:04:05 host01 sshd[77]: Accepted password for root');
    expect(fields).toEqual({ Computer: 'host01', program: 'sshd', pid: '77', message: 'Accepted password for root' });
    expect(timeMs).toBeNull();
  });

  test('with a whole time stamp, and RFC 5424', async () => {
    const long = await one('syslog', '2026-01-02T03:04:05.678901+01:00 host01 sudo: root : TTY=pts/0');
    expect(long).toMatchObject({ fields: { program: 'sudo' }, timeMs: Date.UTC(2026, 0, 2, 2, 4, 5, 678) });
    const rfc = await one('syslog', '<34>1 2026-01-02T03:04:05Z host01 su 12 ID47 [a b="c\\]"] failed for root');
    expect(rfc.fields).toEqual({ Computer: 'host01', program: 'su', pid: '12', message: 'failed for root', b: 'c]' });
  });

  test('a line without a head is a message', async () => {
    const { fields } = await readText('syslog', 'Jan  2 03:04:05 h p: one\n  at two\n');
    expect(fields[1]).toEqual({ message: '  at two' });
  });
});

test('Linux audit: hexadecimal texts are decoded, pairs inside msg taken out', async () => {
  const exec = 'type=EXECVE msg=audit(1767323045.678:99): argc=2 a0="sh" a1=2D632069642031 node=x';
  const { fields, timeMs } = await one('linux-audit', exec);
  expect(fields).toMatchObject({ type: 'EXECVE', EventRecordID: 99, a0: 'sh', a1: '-c id 1' });
  expect(timeMs).toBe(1_767_323_045_678);
  const auth = await one(
    'linux-audit',
    `node=host01 type=USER_AUTH msg=audit(1767323045.000:100): pid=1 uid=0 msg='op=PAM:authentication acct="root" exe="/usr/bin/su" res=failed'\u001dUID="root"`,
  );
  expect(auth.fields).toMatchObject({ Computer: 'host01', acct: 'root', exe: '/usr/bin/su', UID: 'root' });
  expect((await readText('linux-audit', 'hello\n')).skips).toEqual(['line-syntax 1']);
});

test('Sysmon for Linux: the names of Sysmon, entities decoded, other lines passed over', async () => {
  const xml =
    '<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593}"/><EventID>3</EventID><TimeCreated SystemTime="2026-01-02T03:04:05.678900000Z"/><EventRecordID>12</EventRecordID><Correlation/><Channel>Linux-Sysmon/Operational</Channel><Computer>host01</Computer></System><EventData><Data Name="Image">/usr/bin/curl</Data><Data Name="Args">a &amp;&#38; &lt;b&gt;</Data><Data Name="Empty"/></EventData></Event>';
  const { fields, timeMs } = await one('sysmon-linux', `Jan  2 03:04:05 host01 sysmon: ${xml}`);
  expect(fields).toMatchObject({ Provider_Name: 'Linux-Sysmon', EventID: 3, EventRecordID: 12, Computer: 'host01', Image: '/usr/bin/curl', Args: 'a && <b>', Empty: '' }); // prettier-ignore
  expect(timeMs).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  const { fields: others } = await readText('text', 'Jan  2 03:04:05 h sshd[1]: hi\nx <Event><System>cut\n');
  expect(others).toEqual([
    { Computer: 'h', program: 'sshd', pid: '1', message: 'hi' },
    { message: 'x <Event><System>cut' },
  ]);
});

describe('resolvers', () => {
  test('dnsmasq and Pi-hole', async () => {
    const asked = await one(
      'dnsmasq',
      'Jan  2 03:04:05 dnsmasq[7]: 5 10.0.0.5/1234 query[AAAA] a.example from 10.0.0.5',
    );
    expect(asked.fields).toMatchObject({
      action: 'query',
      query: 'a.example',
      record_type: 'AAAA',
      src_ip: '10.0.0.5',
    });
    const told = await one('dnsmasq', 'Jan  2 03:04:05 host01 dnsmasq[7]: gravity blocked b.example is 0.0.0.0');
    expect(told.fields).toMatchObject({
      action: 'gravity blocked',
      query: 'b.example',
      answer: '0.0.0.0',
      Computer: 'host01',
    });
  });

  test('unbound, of its own and by syslog', async () => {
    const own = await one('unbound', '[1767323045] unbound[7:0] info: 10.0.0.5 a.example. A IN NOERROR 0.0 0 50');
    expect(own).toEqual({ fields: { query: 'a.example', record_type: 'A', class: 'IN', src_ip: '10.0.0.5', rcode: 'NOERROR' }, timeMs: 1_767_323_045_000 }); // prettier-ignore
    const syslog = await one('unbound', 'Jan  2 03:04:05 host01 unbound[7]: info: ::1 b.example. TXT IN');
    expect(syslog.fields).toMatchObject({ query: 'b.example', src_ip: '::1', Computer: 'host01' });
  });

  test('BIND', async () => {
    const line = '02-Jan-2026 03:04:05.678 queries: info: client @0x7f1 10.0.0.5#5353 (a.example): view in: query: a.example IN A +E(0)K (10.0.0.1)'; // prettier-ignore
    const { fields, timeMs } = await one('bind', line);
    expect(fields).toEqual({ query: 'a.example', record_type: 'A', class: 'IN', src_ip: '10.0.0.5' });
    expect(timeMs).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  });
});

test('Zeek: names as it has them, lists, unset fields left out, rows that do not fit named', async () => {
  const log = [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    '#path\tdns',
    '#fields\tts\tid.orig_h\tquery\tanswers\tAA\tnote',
    '#types\ttime\taddr\tstring\tvector[string]\tbool\tstring',
    '1767323045.678901\t10.0.0.5\ta.example\tb.example,192.0.2.1\t-\t(empty)',
    '1767323045.678901\t10.0.0.5',
    '#close\t2026-01-02',
  ].join('\n');
  expect(textFormatOf(log, 'dns.log')).toBe('zeek');
  const { fields, events, skips } = await readText('zeek', log);
  expect(fields[0]).toEqual({ path: 'dns', ts: '1767323045.678901', 'id.orig_h': '10.0.0.5', query: 'a.example', answers: ['b.example', '192.0.2.1'], note: '' }); // prettier-ignore
  expect(events[0]?.timeMs).toBe(1_767_323_045_679);
  expect(skips).toEqual(['zeek-columns 9']);
});

test.each(['syslog', 'linux-audit', 'sysmon-linux', 'dnsmasq', 'unbound', 'bind', 'zeek'] as const)(
  '%s: hostile lines take no time',
  async (format) => {
    const lines = [' '.repeat(200_000), 'client '.repeat(50_000), `type=A ${'msg='.repeat(50_000)}`, '<Event><System>'.repeat(20_000), `<1>1 ${'['.repeat(200_000)}`]; // prettier-ignore
    const start = performance.now();
    await readText(format, lines.join('\n'), 65_536);
    expect(performance.now() - start).toBeLessThan(5000);
  },
);
