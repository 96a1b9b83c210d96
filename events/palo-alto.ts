import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

/** The first columns of every log type: future use, receive time, serial number, type, subtype, future use, generated time. */
const line =
  /^1,(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d),([0-9A-Za-z]{8,20}),(TRAFFIC|THREAT|SYSTEM|CONFIG|GLOBALPROTECT|HIP-MATCH|HIPMATCH|USERID|AUTHENTICATION|DECRYPTION|GTP|SCTP|CORRELATION|IPTAG|TUNNEL),([\w-]{0,40}),[^,]{0,20},(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d)?/;

/** A line of a firewall of Palo Alto Networks in its syslog form, whose columns have no names: `type`, `subtype`, `serial`, `message`. */
export function parsePaloAltoLine(text: string, { local }: LogClock): LineEvent | null {
  const match = text.startsWith('1,') ? line.exec(text) : null;
  if (match === null) return null;
  const [, received = '', serial, type = '', subtype, generated] = match;
  const category = type === 'TRAFFIC' ? ['firewall'] : subtype === 'url' ? ['proxy'] : ['appliance'];
  const service = type === 'SYSTEM' && subtype !== undefined ? [type, subtype] : [type];
  return lineOf(
    [
      ['type', type],
      ['subtype', subtype || null],
      ['serial', serial],
      ['message', text],
    ],
    parseTextTime(generated ?? received, local),
    LogSource.of({ product: 'paloalto', service, category }),
  );
}
