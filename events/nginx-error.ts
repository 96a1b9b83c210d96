import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type Field, type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const nginx = LogSource.of({ product: 'nginx', service: 'nginx', category: [] });
const line = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) \[([a-z]{4,6})\] (\d{1,10})#(\d{1,10}): (?:\*(\d{1,20}) )?/;
const part = /, (client|server|request|upstream|host|referrer): (?:"((?:[^"\\]|\\.)*)"|([^,]*))(?=, |$)/g;
const names: Readonly<Record<string, readonly string[]>> = {
  client: ['c-ip', 'src_ip'],
  server: ['s-computername'],
  request: ['request'],
  upstream: ['upstream'],
  host: ['cs-host'],
  referrer: ['cs-referer', 'cs-referrer'],
};

/** A line of nginx's error log: `level`, `pid`, `tid`, `message`, and what stands behind it (`c-ip`, `cs-host`, `request`, …). */
export function parseNginxErrorLine(text: string, { local }: LogClock): LineEvent | null {
  const match = line.exec(text);
  if (match === null) return null;
  const [head, time = '', level, pid, tid] = match;
  const parts = [...text.slice(head.length).matchAll(part)].flatMap(([, name = '', quoted, bare = '']): Field[] =>
    (names[name] ?? []).map((field) => [field, quoted ?? bare]),
  );
  return lineOf(
    [['level', level], ['pid', pid], ['tid', tid], ['message', text.slice(head.length)], ...parts],
    parseTextTime(time, local),
    nginx,
  );
}
