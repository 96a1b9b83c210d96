import type { FieldValue } from './event.js';
import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';
import { toCount, webFields } from './web-fields.js';

const text = /"((?:[^"\\]|\\.)*)"/.source;
const line = new RegExp(
  `^(?:([^\\s:]{1,256}:\\d{1,5}) )?(\\S{1,256}) (\\S{1,256}) ([^[\\]"]{1,256}) \\[([^\\]"]{20,40})\\] ${text} (\\d{3}|-) (\\d{1,15}|-)(?: ${text} ${text})?(?: ([A-Z_]{3,64}):[A-Z_]{3,64}$)?`,
);

const webServer = LogSource.of({ service: ['apache', 'nginx'], category: 'webserver' });
/** To a web server a client may write a whole URL too (RFC 9112 §3.2.2), so such a line is for the rules of both. */
const asToProxy = LogSource.of({ service: ['apache', 'nginx'], category: ['webserver', 'proxy'] });
/** Squid's `common` and `combined` end with how it answered (`TCP_MISS:HIER_DIRECT`). */
const squid = LogSource.of({ product: 'squid', service: 'squid', category: 'proxy' });

/**
 * A line of Apache's common or combined format, which nginx and proxies write too, with the fields of {@link webFields}. A
 * remote host is known only where the request names a whole URL, as it does to a proxy. A virtual host in front becomes
 * `s-computername`. It is the log of a web server, unless the line says that a proxy was meant: by a whole URL, by `CONNECT`, or
 * by Squid's answer at its end.
 */
export function parseCombinedLine(candidate: string, { local }: LogClock): LineEvent | null {
  const match = line.exec(candidate);
  if (match === null) return null;
  const [
    ,
    server,
    clientIp = '',
    ,
    user = '-',
    time = '',
    request = '',
    status = '',
    bytes = '',
    referrer,
    agent,
    answer,
  ] = match;
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
  const isToProxy = method === 'CONNECT' || /^[a-z][a-z0-9+.-]{0,15}:\/\//i.test(url);
  const source = answer !== undefined ? squid : isToProxy ? asToProxy : webServer;
  return lineOf(fields, parseTextTime(time, local), source);
}

/** Apache writes `\"`, `\\` and `\xhh`; the last stays as it is, because it may be half a character. */
function unescape(escaped: string): string {
  return escaped.includes('\\') ? escaped.replace(/\\(["\\])/g, '$1') : escaped;
}
