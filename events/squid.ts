import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { toCount, webFields } from './web-fields.js';

const squid = LogSource.of({ product: 'squid', service: 'squid', category: 'proxy' });
const line =
  /^(\d{9,10}\.\d{3}) +(-?\d{1,12}) +(\S{1,256}) +([A-Z_]{2,64})\/(\d{3}) +(\d{1,15}) +(\S{1,64}) +(\S+) +(\S{1,256}) +([A-Z_]{2,64})\/(\S{1,256}) +(\S+)/;

/** A line of a native `access.log` of Squid, with the fields of {@link webFields} and Squid's own. */
export function parseSquidLine(text: string): LineEvent | null {
  const match = line.exec(text);
  if (match === null) return null;
  const [, time = '', elapsed = '', clientIp = '', action = '', status = '', bytes = '', method = '', url = ''] = match;
  const [user = '-', hierarchy = '', peer = '', type = ''] = match.slice(9);
  const unlessDash = (value: string): string | null => (value === '-' ? null : value);
  return lineOf(
    [
      ['s-action', action],
      ['time-taken', Number(elapsed)],
      ['s-hierarchy', hierarchy],
      ['r-ip', unlessDash(peer)],
      ['dst_ip', unlessDash(peer)],
      ['rs-content-type', unlessDash(type)],
      ...webFields({
        clientIp,
        user,
        method,
        url,
        status: toCount(status),
        responseBytes: toCount(bytes),
        referrer: null,
        userAgent: null,
      }),
    ],
    Math.round(Number(time) * 1000),
    squid,
  );
}
