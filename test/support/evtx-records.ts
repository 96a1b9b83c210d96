import { bool, guid, integer, nullValue, sid, text, texts, type EvtxValue } from '../../bench/evtx-values.js';
import type { EvtxRecord } from '../../bench/evtx-writer.js';

const processGuid = guid('0A1B2C3D-0001-0002-0304-0506070809AA');

/** A Sysmon process creation as tests need one; `data` are added after, and take the place of, its own. */
export function processRecord(recordId: number, data: EvtxRecord['data'] = []): EvtxRecord {
  const replaced = new Set(data.map(([name]) => name));
  const own: EvtxRecord['data'] = [
    ['UtcTime', text('2025-01-02 03:04:05.678')],
    ['ProcessGuid', processGuid],
    ['ProcessId', integer(1000 + recordId, 4)],
    ['Image', text('C:\\Tools\\run.exe')],
    ['CommandLine', text(`run.exe --job ${recordId}`)],
    ['LogonId', integer(0x3e7, 8, true)],
  ];
  return {
    provider: 'Microsoft-Windows-Sysmon',
    providerGuid: '5770385F-C22A-43E0-BF4C-06F5698FFBD9',
    eventId: 1,
    channel: 'Microsoft-Windows-Sysmon/Operational',
    computer: 'host01.example',
    recordId,
    timeMs: 1_735_787_045_678 + recordId,
    userSid: 'S-1-5-18',
    data: [...own.filter(([name]) => !replaced.has(name)), ...data],
  };
}

/** A classic event: qualified id, unnamed data, no provider GUID. */
export function classicRecord(recordId: number, data: readonly EvtxValue[]): EvtxRecord {
  return {
    provider: 'Example Service',
    eventId: 7000,
    qualifiers: 16384,
    channel: 'Application',
    computer: 'host01.example',
    recordId,
    timeMs: 1_735_787_045_678 + recordId,
    data: data.map((value) => [null, value]),
  };
}

/** Records of several kinds in turn, as many as asked for. */
export function* sampleRecords(count: number): Generator<EvtxRecord> {
  for (let id = 1; id <= count; id++) {
    switch (id % 4) {
      case 0:
        yield classicRecord(id, [text('first'), text(`second ${id}`)]);
        break;
      case 1:
        yield {
          ...processRecord(id),
          userData: 'Operation',
          data: [
            ['Id', integer(id, 4)],
            ['User', text('é & <ü>')],
          ],
        };
        break;
      case 2:
        yield processRecord(id, [
          ['Signed', bool(id % 8 === 2)],
          ['Sid', sid('S-1-5-21-1-2-3-500')],
          ['Mask', integer(0x1fffff, 4, true)],
          ['Nothing', nullValue],
          ['Empty', text('')],
        ]);
        break;
      default:
        yield processRecord(id, [['Names', texts(['one', 'two'])]]);
    }
  }
}
