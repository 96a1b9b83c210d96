/** For each element and each kind of fact in it: files in which that fact has a given value. */
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { encodeEvtx } from '../../../bench/evtx-writer.js';
import { text as evtxText } from '../../../bench/evtx-values.js';
import { type ElementKind, elementRows, type FactKind } from '../../../scanner/findings/element-table.js';
import { processRecord } from '../../support/evtx-records.js';
import { encodeZip } from '../../support/zip.js';
import type { Sample } from './samples.js';

/** Files by their names below a folder of their own; `link:…` is a symbolic link, `net` a row of the connection table. */
export type Carried = Readonly<Record<string, string | Buffer>>;
export type Carrier = (sample: Sample) => Carried | Promise<Carried>;

type Carriers = {
  readonly [Element in ElementKind]: Readonly<
    Record<(typeof elementRows)[Element]['facts'][number], readonly Carrier[]>
  >;
};

const utf16 = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
const content = ({ content: bytes }: Sample): Buffer => bytes ?? Buffer.alloc(0);
const nameOf = ({ value }: Sample): string => value.slice(value.lastIndexOf('/') + 1);

const json = (field: string) => (sample: Sample): Carried => {
  const event = { Channel: 'Planted', EventID: 1, '@timestamp': '2026-01-02T03:04:05Z', [field]: sample.value };
  return { 'events.jsonl': `${JSON.stringify(event)}\n` };
}; // prettier-ignore
const evtx = (field: string) => (sample: Sample): Carried => ({
  'log.evtx': encodeEvtx([processRecord(1), processRecord(2, [[field, evtxText(`run ${sample.value} now`)]])]),
}); // prettier-ignore

const audit = ({ value }: Sample): Carried => ({
  'audit.log': `type=USER_CMD msg=audit(1767322800.512:1): pid=1 cmd=${Buffer.from(value).toString('hex').toUpperCase()} res=ok\n`,
});
const sysmon = ({ value }: Sample): Carried => {
  const system =
    '<Provider Name="Linux-Sysmon" Guid="{1}"/><EventID>1</EventID><Channel>Linux-Sysmon/Operational</Channel>';
  const data = `<Data Name="CommandLine">${value.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</Data>`;
  return { 'sysmon.log': syslog(`sysmon: <Event><System>${system}</System><EventData>${data}</EventData></Event>`) };
};

const zeek = (path: string, fields: readonly string[], row: readonly string[]): Carried => ({
  [`${path}.log`]: `#separator \\x09\n#path\t${path}\n#fields\tts\t${fields.join('\t')}\n#types\ttime\n1767322800.5\t${row.join('\t')}\n`,
});
const syslog = (message: string): string => `Jan  2 03:04:05 host01 ${message}\n`;
const isAddress = (value: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(value);
const w3c = (fields: string, row: string): Carried => ({
  'proxy.log': `#Version: 1.0\n#Fields: date time ${fields}\n2026-01-02 03:04:05 ${row}\n`,
});
const escaped = (value: string): string => value.replace(/["\\]/g, '\\$&');
const reg = (line: string): Carried => ({
  'export.reg': utf16(`Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Planted]\r\n${line}\r\n`),
});

async function tarGz(name: string, bytes: Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name }, bytes);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return gzipSync(Buffer.concat(parts));
}

const inZip = (name: string, bytes: Buffer): Carried => ({ 'a.zip': encodeZip([{ name, bytes }]) });

export const carriers: Carriers = {
  file: {
    path: [(sample) => ({ [nameOf(sample)]: 'nothing' }), (sample) => ({ 'link:alias': sample.value })],
    hash: [(sample) => ({ 'some.bin': content(sample) })],
    imphash: [(sample) => ({ 'some.bin': content(sample) })],
  },
  'archive-member': {
    path: [(sample) => inZip(sample.value.slice(1), Buffer.from('nothing'))],
    hash: [
      (sample) => inZip('in/some.bin', content(sample)),
      async (sample) => ({ 'a.tar.gz': await tarGz('some.bin', content(sample)) }),
      async (sample) => inZip('inner.tgz', await tarGz('some.bin', content(sample))),
      (sample) => ({ 'some.bin.gz': gzipSync(content(sample)) }),
    ],
    imphash: [(sample) => inZip('in/some.bin', content(sample))],
  },
  strings: {
    text: [
      ({ value }) => ({ 'some.bin': Buffer.from(`\0\x01ab${'\0'.repeat(40)}${value}\0\x02`, 'latin1') }),
      ({ value }) => ({ 'wide.bin': Buffer.concat([Buffer.alloc(7), Buffer.from(value, 'utf16le'), Buffer.alloc(2)]) }),
      ({ value }) => ({ 'settings.txt': `first line\nother = ${value}\n` }),
      ({ value }) => ({ 'wide.txt': utf16(`first line\r\nother = ${value}\r\n`) }),
    ],
  },
  event: {
    path: [json('Image')],
    hash: [
      ({ value }) => json('Hashes')({ value: `X=1,${{ 32: 'MD5', 40: 'SHA1' }[value.length] ?? 'SHA256'}=${value}` }),
    ],
    imphash: [({ value }) => json('Hashes')({ value: `IMPHASH=${value}` })],
    host: [json('QueryName')],
    port: [json('DestinationPort')],
    url: [json('url')],
    pipe: [json('PipeName')],
    handle: [json('ObjectName')],
    'registry-key': [json('TargetObject')],
    text: [json('CommandLine'), evtx('CommandLine'), audit, sysmon],
  },
  'text-log': {
    text: [
      ({ value }) => ({ 'auth.log': syslog(`sshd[7]: said ${value} to us`) }),
      ({ value }) => ({ 'logs/any.txt': `one\ntwo ${value} three\n` }),
    ],
  },
  'network-log': {
    host: [({ value }) => w3c('cs-host sc-status', `${value} 200`)],
    port: [({ value }) => ({ 'fw.log': `action=allow src=10.0.0.1 dst=10.0.0.2 dpt=${value}\n` })],
    url: [
      ({ value }) => {
        const { hostname, pathname, protocol } = new URL(value);
        return w3c('cs-uri-scheme cs-host cs-uri-path', `${protocol.slice(0, -1)} ${hostname} ${pathname}`);
      },
    ],
    text: [
      ({ value }) => ({
        'access.log': `10.0.0.1 - - [02/Jan/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 5 "-" "${value}"\n`,
      }),
    ],
  },
  'resolver-log': {
    host: [
      ({ value }) => ({
        'pihole.log': syslog(
          isAddress(value) ? `dnsmasq[7]: reply some.test is ${value}` : `dnsmasq[7]: query[A] ${value} from 10.0.0.5`,
        ),
      }),
      ({ value }) => ({ 'unbound.log': `[1767322800] unbound[7:0] info: 10.0.0.5 ${value}. A IN\n` }),
      ({ value }) => ({
        'named.log': `02-Jan-2026 03:04:05.678 queries: info: client @0x7f 10.0.0.5#53 (${value}): query: ${value} IN A +E(0) (10.0.0.1)\n`,
      }),
    ],
    text: [({ value }) => ({ 'pihole.log': syslog(`dnsmasq[7]: query[A] some.test from 10.0.0.5 ${value}`) })],
  },
  'resolver-cache': {
    host: [
      ({ value }) => ({
        'dump.txt': `START_RRSET_CACHE\n${isAddress(value) ? `some.test. 300 IN A ${value}` : `${value}. 300 IN A 10.0.0.9`}\nEND_RRSET_CACHE\n`,
      }),
      ({ value }) => ({ 'dns.txt': `Windows IP Configuration\r\n\r\n    Record Name . . . . . : ${value}\r\n` }),
    ],
    text: [({ value }) => ({ 'named_dump.db': `; Dump complete\nsome.test. 300 IN TXT "${value}"\n` })],
  },
  'zeek-log': {
    host: [
      ({ value }) =>
        isAddress(value)
          ? zeek('conn', ['id.orig_h', 'id.resp_h'], ['10.0.0.5', value])
          : zeek('dns', ['query', 'qtype'], [value, '1']),
    ],
    port: [({ value }) => zeek('conn', ['id.resp_h', 'id.resp_p'], ['10.0.0.9', value])],
    url: [
      ({ value }) => {
        const { hostname, pathname, protocol } = new URL(value);
        return protocol === 'http:'
          ? zeek('http', ['host', 'uri'], [hostname, pathname])
          : zeek('ssl', ['url', 'version'], [value, '3']);
      },
    ],
    text: [({ value }) => zeek('http', ['host', 'user_agent'], ['some.test', value.replaceAll('\\x', '\\x5cx')])],
  },
  'hosts-file': {
    host: [({ value }) => ({ 'etc/hosts': isAddress(value) ? `${value} some\n` : `10.0.0.9\t${value} # mine\n` })],
    text: [({ value }) => ({ 'Windows/System32/drivers/etc/hosts': `127.0.0.1 localhost\r\n# ${value}\r\n` })],
  },
  process: {
    path: [(sample) => ({ 'link:exe': sample.value })],
    hash: [(sample) => ({ 'link:exe': 'program', program: content(sample) })],
    imphash: [(sample) => ({ 'link:exe': 'program', program: content(sample) })],
    text: [({ value }) => ({ cmdline: `/bin/run\0-x\0${value}\0` })],
  },
  connection: {
    address: [({ value }) => ({ net: `${value} 443` })],
    port: [({ value }) => ({ net: `10.0.0.9 ${value}` })],
  },
  autorun: {
    text: [
      ({ value }) => ({ 'etc/cron.d/job': `* * * * * root ${value}\n` }),
      ({ value }) => ({ 'etc/systemd/system/x.service': `[Service]\nExecStart=/bin/sh -c '${value}'\n` }),
      ({ value }) => ({
        'Windows/System32/Tasks/Job': utf16(
          `<Task>\r\n<Arguments>${value.replaceAll('<', '').replaceAll('>', '')}</Arguments>\r\n</Task>\r\n`,
        ),
      }),
    ],
  },
  'shell-history': {
    text: [
      ({ value }) => ({ 'home/u/.bash_history': `ls\ncurl ${value}\n` }),
      ({ value }) => ({ '.zsh_history': `: 1767322800:0;curl ${value}\n` }),
    ],
  },
  'powershell-history': {
    text: [({ value }) => ({ 'PSReadLine/ConsoleHost_history.txt': `dir\r\nwget ${value}\r\n` })],
  },
  'registry-export': {
    'registry-key': [({ value }) => reg(`[${value}]`)],
    text: [
      ({ value }) => reg(`"Run"="${escaped(value)}"`),
      ({ value }) => {
        const bytes = [...Buffer.from(`${value}\0`, 'utf16le')].map((byte) => byte.toString(16).padStart(2, '0'));
        return reg(`"Path"=hex(2):${bytes.slice(0, 10).join(',')},\\\r\n  ${bytes.slice(10).join(',')}`);
      },
    ],
  },
  'recent-file': {
    path: [
      (sample) => ({
        'recently-used.xbel': `<xbel>\n<bookmark href="file://${sample.value}" added="2026">\n</xbel>\n`,
      }),
      (sample) => ({ '.viminfo': `# File marks:\n'0  1  0  ${sample.value}\n` }),
    ],
    text: [({ value }) => ({ 'recently-used.xbel': `<xbel>\n<title>${value}</title>\n</xbel>\n` })],
  },
};

export function carriersOf(element: ElementKind, kind: FactKind): readonly Carrier[] {
  const own: Partial<Record<FactKind, readonly Carrier[]>> = carriers[element];
  return own[kind] ?? [];
}
