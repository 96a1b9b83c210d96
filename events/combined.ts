import type { FieldValue, FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { parseTextTime } from './text-time.js';
import { toCount, webFields } from './web-fields.js';

const text = /"((?:[^"\\]|\\.)*)"/.source;
const line = new RegExp(
  `^(?:([^\\s:]{1,256}:\\d{1,5}) )?(\\S{1,256}) (\\S{1,256}) ([^[\\]"]{1,256}) \\[([^\\]"]{20,40})\\] ${text} (\\d{3}|-) (\\d{1,15}|-)(?: ${text} ${text})?`,
);

/** Whether a line is of Apache's common or combined log format, also with the virtual host in front. */
export function isCombinedLine(candidate: string): boolean {
  return line.test(candidate);
}

/**
 * The events of a log in Apache's combined format, which nginx and proxies write too, with the fields of
 * {@link webFields}. A remote host is known only where the request names a whole URL, as it does to a proxy. A virtual
 * host in front becomes `s-computername`.
 */
export function readCombined(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  return readLineLog(source, options, parseCombinedLine);
}

export function parseCombinedLine(candidate: string): ParsedLine {
  const match = line.exec(candidate);
  if (match === null) return { expected: 'a line of the combined log format' };
  const [, server, clientIp = '', , user = '-', time = '', request = '', status = '', bytes = '', referrer, agent] =
    match;
  const [, method = null, url = unescape(request)] =
    /^([A-Za-z_]{1,32}) (.*?)(?: HTTP\/\d(?:\.\d)?)?$/.exec(unescape(request)) ?? [];
  const fields: [string, FieldValue][] = webFields({
    clientIp,
    user,
    method,
    url,
    status: toCount(status),
    responseBytes: toCount(bytes),
    referrer: referrer === undefined ? null : unescape(referrer),
    userAgent: agent === undefined ? null : unescape(agent),
  });
  if (server !== undefined) fields.push(['s-computername', server]);
  return {
    names: fields.map(([name]) => name),
    values: fields.map(([, value]) => value),
    timeMs: parseTextTime(time),
  };
}

/** Apache writes `\"`, `\\` and `\xhh`; the last stays as it is, because it may be half a character. */
function unescape(escaped: string): string {
  return escaped.includes('\\') ? escaped.replace(/\\(["\\])/g, '$1') : escaped;
}
