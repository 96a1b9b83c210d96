import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const kernel = LogSource.of({ product: 'linux', service: ['kernel', 'syslog'], category: [] });
const line = /^(?:<\d{1,3}>)?\[(?: *(\d{1,10}\.\d{6})|([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}))\] /;

/** A line of `dmesg`, also with its dates (`-T`). Seconds since the start of the kernel are `uptime` and no time. */
export function parseKernelLine(text: string, { local }: LogClock): LineEvent | null {
  const match = line.exec(text);
  if (match === null) return null;
  const [head, uptime, time] = match;
  return lineOf(
    [['program', 'kernel'], ['uptime', uptime], ['message', text.slice(head.length)]],
    time === undefined ? null : parseTextTime(time, local),
    kernel,
  ); // prettier-ignore
}
