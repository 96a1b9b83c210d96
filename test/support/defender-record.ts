import { text } from '../../bench/evtx-values.js';
import type { EvtxRecord } from '../../bench/evtx-writer.js';

/** What Microsoft Defender writes when it has acted on a file; its data have names with blanks. */
export function defenderRecord(recordId: number, threat: string, path: string): EvtxRecord {
  return {
    provider: 'Microsoft-Windows-Windows Defender',
    providerGuid: '11CD958A-C507-4EF3-B3F2-5FD9DFBD2C78',
    eventId: 1117,
    channel: 'Microsoft-Windows-Windows Defender/Operational',
    computer: 'WS-0412.corp.example',
    recordId,
    timeMs: 1_785_060_000_000,
    userSid: 'S-1-5-18',
    data: [
      ['Product Name', text('Microsoft Defender Antivirus')],
      ['Threat Name', text(threat)],
      ['Severity Name', text('Severe')],
      ['Category Name', text('Tool')],
      ['Path', text(`file:_${path}`)],
      ['Detection User', text('CORP\\jdoe')],
      ['Process Name', text('Unknown')],
      ['Action Name', text('Quarantine')],
      ['Error Description', text('The operation completed successfully. ')],
    ],
  };
}
