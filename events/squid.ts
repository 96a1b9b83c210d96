import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { toCount, webFields } from './web-fields.js';

const line =
  /^(\d{9,10}\.\d{3}) +(-?\d{1,12}) +(\S{1,256}) +([A-Z_]{2,64})\/(\d{3}) +(\d{1,15}) +(\S{1,64}) +(\S+) +(\S{1,256}) +([A-Z_]{2,64})\/(\S{1,256}) +(\S+)/;

/** Whether a line is of Squid's native `access.log` (its `logformat squid`). */
export function isSquidLine(text: string): boolean {
  return line.test(text);
}

/** The events of a native `access.log` of Squid, with the fields of {@link webFields} and Squid's own. */
export function readSquid(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseSquidLine);
}

export function parseSquidLine(text: string): ParsedLine {
  const match = line.exec(text);
  if (match === null) return { expected: 'a line of a squid access.log' };
  const [, time = '', elapsed = '', clientIp = '', action = '', status = '', bytes = '', method = '', url = ''] = match;
  const [user = '-', hierarchy = '', peer = '', type = ''] = match.slice(9);
  const fields: [string, FieldValue][] = [
    ['s-action', action],
    ['time-taken', Number(elapsed)],
    ['s-hierarchy', hierarchy],
    ['r-ip', peer],
    ['dst_ip', peer],
    ['rs-content-type', type],
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
  ];
  return {
    names: fields.map(([name]) => name),
    values: fields.map(([, value]) => value),
    timeMs: Math.round(Number(time) * 1000),
  };
}
