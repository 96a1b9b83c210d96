import { writeFile } from 'node:fs/promises';
import { text } from '../../bench/evtx-values.js';
import { encodeEvtx, type EvtxRecord } from '../../bench/evtx-writer.js';

const start = Date.parse('2026-11-24T08:00:00Z');

/** A Sysmon log of one morning on a host that somebody has put a miner on. */
export async function writeEventLog(path: string): Promise<void> {
  await writeFile(path, encodeEvtx([...quietMorning(), ...theMiner()]));
}

/** What the antivirus console of that site says of the same morning: all of it removed. */
export async function writeAntivirusExport(path: string): Promise<void> {
  const rows = [
    'Time,Virus Name,File Path,Computer Name,User,Action Taken',
    '2026-11-24T07:50:00Z,Trojan.Gen.2,C:\\Users\\ben\\Downloads\\invoice.exe,desk-03.example,EXAMPLE\\ben,Quarantined',
    '2026-11-24T07:58:00Z,Trojan.Gen.2,\\\\desk-17\\C$\\Users\\Public\\update.exe,desk-17.example,EXAMPLE\\adm-anna,Quarantined',
  ];
  await writeFile(path, `${rows.join('\n')}\n`);
}

function* quietMorning(): Generator<EvtxRecord> {
  for (let id = 1; id <= 500; id++)
    yield created(id, 'C:\\Windows\\System32\\svchost.exe', `svchost.exe -k netsvcs -s job${id}`);
}

function* theMiner(): Generator<EvtxRecord> {
  const image = 'C:\\Users\\Public\\update.exe';
  yield created(501, image, 'update.exe -o stratum+tcp://pool.moneroocean.stream:10128 --donate-level 1 -a rx/0');
  yield sysmon(502, 22, { QueryName: 'gulf.moneroocean.stream', QueryStatus: '0', Image: image });
}

function created(recordId: number, image: string, commandLine: string): EvtxRecord {
  const parent = 'C:\\Windows\\System32\\services.exe';
  return sysmon(recordId, 1, { Image: image, CommandLine: commandLine, ParentImage: parent, User: 'EXAMPLE\\anna' });
}

function sysmon(recordId: number, eventId: number, data: Readonly<Record<string, string>>): EvtxRecord {
  return {
    provider: 'Microsoft-Windows-Sysmon',
    providerGuid: '5770385F-C22A-43E0-BF4C-06F5698FFBD9',
    channel: 'Microsoft-Windows-Sysmon/Operational',
    computer: 'desk-17.example',
    eventId,
    recordId,
    timeMs: start + recordId * 1000,
    data: Object.entries(data).map(([name, value]) => [name, text(value)]),
  };
}
