import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const apache = LogSource.of({ product: 'apache', service: 'apache', category: [] });
const line =
  /^\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]{8,18} \d{4})\] \[(?:([\w-]{0,64}):)?([a-z]{3,8}\d?)\] ?(?:\[pid (\d{1,10})(?::tid (\d{1,20}))?\] )?(?:(\([^)]{1,200}\)[^:[]{1,200}): )?(?:\[(?:client|remote) ([^\]]{1,64})\] )?/;

/** A line of Apache's error log: `module`, `level`, `pid`, `tid`, `c-ip` and `src_ip`, `message`. */
export function parseApacheErrorLine(text: string, { local }: LogClock): LineEvent | null {
  const match = text.startsWith('[') ? line.exec(text) : null;
  if (match === null) return null;
  const [head, time = '', module, level, pid, tid, error, client] = match;
  const address = client?.replace(/^\[?([\d.]+|[\da-f:]+(?<!:\d{1,5}))\]?(?::\d{1,5})?$/i, '$1');
  const message = text.slice(head.length);
  return lineOf(
    [
      ['module', module || null],
      ['level', level],
      ['pid', pid],
      ['tid', tid],
      ['c-ip', address],
      ['src_ip', address],
      ['error', error],
      ['message', message],
    ],
    parseTextTime(time, local),
    apache,
  );
}
