import { monthOf } from './calendar.js';
import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { type TimeZone, zoneOf } from './zone.js';

/**
 * Cisco on the wire (`<189>6705: host: *Feb 17 10:00:00.123 UTC: %SYS-5-…`) and out of a buffer, ASA (`Feb 17 2026 10:00:00
 * fw : %ASA-6-…`), Huawei (`Feb 17 2026 10:00:00 host %%01BGP/3/…`).
 */
const line =
  /^(?:<(\d{1,3})>)?(?:(\d{1,10}): )?(?:([\w.-]{1,255}): )?(?:(\d{1,10}): )?(?:[*.]?([A-Z][a-z]{2}) {1,2}(\d{1,2})(?: (\d{4}))? (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?: ([A-Z]{3,4})|([+-]\d\d:\d\d))?(?: (\d{4}))?(?: ([\w.:-]{1,255}))? ?:? )?(?=%(?:%\d\d)?[A-Z][A-Z0-9_-]{1,40}[-/]\d)/;
const cisco = /^%([A-Z][A-Z0-9_-]{1,60}?)-(\d)-([A-Z0-9_]{2,64}): ?/;
const huawei = /^%%\d\d([A-Z0-9_]{2,32})\/(\d)\/([\w]{2,64})\((\w)\)(?:\[\d{1,10}\])?: ?/;

/** Rules for commands ask the AAA log; how sessions of the others fail is told by TCP. */
const ciscoServices: Readonly<Record<string, readonly string[]>> = {
  BGP: ['bgp', 'syslog'],
  LDP: ['ldp', 'syslog'],
  TCP: ['bgp', 'ldp', 'syslog'],
  'IP-TCP': ['bgp', 'ldp', 'syslog'],
};
const sources = new Map<string, LogSource>();

export function parseDeviceLine(text: string, clock: LogClock): LineEvent | null {
  if (!text.includes('%')) return null;
  const match = line.exec(text);
  if (match === null) return null;
  const [head, , , host, , month, , , , , , , , , , device] = match;
  const message = text.slice(head.length);
  const [, facility, severity, mnemonic] = cisco.exec(message) ?? [];
  const [, module, grade, brief] = facility === undefined ? (huawei.exec(message) ?? []) : [];
  const made = facility ?? module;
  if (made === undefined) return null;
  return lineOf(
    [
      ['Computer', (device ?? host)?.replace(/:$/, '')],
      ['facility', made],
      ['severity', Number(severity ?? grade)],
      ['mnemonic', mnemonic ?? brief],
      ['message', message],
    ],
    month === undefined ? null : timeOf(match, clock),
    sourceOf(facility === undefined ? 'huawei' : 'cisco', made),
  );
}

function timeOf(match: RegExpExecArray, clock: LogClock): number | null {
  const [, , , , , month = '', day = '', year, hour, minute, second, fraction = '', name, offset, late] = match;
  const time = {
    month: monthOf(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millisecond: Number(fraction.slice(0, 3).padEnd(3, '0')),
  };
  const zone: TimeZone = (offset ?? name) === undefined ? clock.local : (zoneOf(offset ?? name ?? '') ?? clock.local);
  const written = year ?? late;
  return written === undefined ? clock.withYear(time) : zone({ ...time, year: Number(written) });
}

function sourceOf(product: 'cisco' | 'huawei', facility: string): LogSource {
  const key = `${product} ${facility}`;
  let source = sources.get(key);
  if (source === undefined) {
    const [module = ''] = facility.split('-');
    const own = product === 'cisco' ? (ciscoServices[facility] ?? ciscoServices[module] ?? ['aaa', 'syslog']) : ['syslog']; // prettier-ignore
    const category = /^(?:ASA|FTD|PIX|FWSM)$/.test(facility) ? 'firewall' : [];
    source = LogSource.of({ product, service: [...own, facility, module], category });
    if (sources.size < 1000) sources.set(key, source);
  }
  return source;
}
