import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const vsftpd = LogSource.of({ product: 'linux', service: 'vsftpd', category: [] });
const stamp = /([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})/.source;
const own = new RegExp(`^${stamp} \\[pid (\\d{1,10})\\] (?:\\[([^\\]]{1,255})\\] )?((?:[A-Z]{2,12} ?){1,3}(?=:))?`);
const transfer = new RegExp(`^${stamp} +(\\d{1,9}) (\\S{1,255}) (\\d{1,18}) (.{1,4096}) ([ab]) ([CUT_]+) ([oid]) ([agr]) (.{1,255}) (\\S{1,64}) ([01]) (\\S{1,64})(?: ([ic]))?$`); // prettier-ignore

/** A line of vsftpd's own log (`user`, `action`, `src_ip`, `message`), or of an xferlog, which other FTP servers write too. */
export function parseFtpLine(line: string, { local }: LogClock): LineEvent | null {
  const match = own.exec(line);
  if (match !== null) {
    const [head, time = '', pid, user, action] = match;
    const message = line.slice(head.length - (action?.length ?? 0));
    const client = /Client "(?:::ffff:)?([^"]{1,64})"/.exec(message)?.[1];
    return lineOf(
      [['pid', pid], ['user', user], ['action', action], ['src_ip', client], ['message', message]],
      parseTextTime(time, local),
      vsftpd,
    ); // prettier-ignore
  }
  const row = transfer.exec(line);
  if (row === null) return null;
  const [, time = '', seconds, host, bytes, file, , , direction, mode, user] = row;
  const action = direction === 'i' ? 'upload' : direction === 'o' ? 'download' : 'delete';
  return lineOf(
    [
      ['action', action],
      ['src_ip', host],
      ['filename', file],
      ['bytes', Number(bytes)],
      ['time-taken', Number(seconds)],
      ['access', mode],
      ['user', user],
    ],
    parseTextTime(time, local),
    vsftpd,
  );
}
