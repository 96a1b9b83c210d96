import { parseApacheErrorLine } from './apache-error.js';
import { bindFields, dnsLog } from './bind.js';
import { clamavFields } from './clamav.js';
import { parseCombinedLine } from './combined.js';
import { dnsmasqFields } from './dnsmasq.js';
import { parseEventXml } from './event-xml.js';
import { parseJsonLine } from './json-line.js';
import { cefPairs, pairsOf, vendorSource } from './key-value.js';
import { parseAuditLine, parseJournalAudit } from './linux-audit.js';
import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { parseDeviceLine } from './network-device.js';
import { parseNginxErrorLine } from './nginx-error.js';
import { parsePaloAltoLine } from './palo-alto.js';
import { parseSquidLine } from './squid.js';
import { headFields, parseSyslogHead, type SyslogHead } from './syslog.js';
import { type Field, type LineEvent, lineOf, withFields } from './text-log.js';
import { unboundFields } from './unbound.js';

/** The services of Sigma's taxonomy that the lines of a program are of, besides its own name and `syslog`. */
const servicesOf: Readonly<Record<string, readonly string[]>> = {
  sshd: ['auth'], 'sshd-session': ['sshd', 'auth'], 'sshd-auth': ['sshd', 'auth'], sudo: ['auth'], su: ['auth'], login: ['auth'],
  'systemd-logind': ['auth'], passwd: ['auth'], chpasswd: ['auth'], useradd: ['auth'], userdel: ['auth'], usermod: ['auth'],
  groupadd: ['auth'], groupdel: ['auth'], groupmod: ['auth'], chage: ['auth'], chfn: ['auth'], chsh: ['auth'], pkexec: ['auth'], polkitd: ['auth'],
  gdm: ['auth'], 'gdm-password]': ['auth'], lightdm: ['auth'],
  cron: ['cron'], crond: ['cron'], anacron: ['cron'], crontab: ['cron'], atd: ['cron'],
  clamd: ['clamav'], freshclam: ['clamav'], clamscan: ['clamav'], 'clamav-milter': ['clamav'], clamonacc: ['clamav'],
  guacd: ['guacamole'], audit: ['auditd'], audispd: ['auditd'], audisp: ['auditd'], auditd: ['auditd'],
  apache2: ['apache'], httpd: ['apache'], postgres: ['postgresql'], mysqld: ['mysql'], mariadbd: ['mysql'], 'named-pkcs11': ['named'],
}; // prettier-ignore

/** Facilities of RFC 3164 (6.2.1) that are services of the taxonomy. */
const serviceOfFacility: Readonly<Record<number, string>> = { 0: 'kernel', 2: 'mail', 4: 'auth', 9: 'cron', 10: 'auth', 13: 'auditd' }; // prettier-ignore

const juniperPrograms = /^(?:rpd|mgd|chassisd|jlaunchd|jsrpd|pfed|dcd|eventd|kmd|RT_FLOW|RT_IDP|RT_UTM|RT_IDS|sshd_junos|cosd|mib2d)$/; // prettier-ignore
const sources = new Map<string, LogSource>();

/** What a line of syslog is out of, by its program and facility. */
export function syslogSource(program: string | null, facility: number | null = null): LogSource {
  const key = `${program ?? ''} ${facility ?? ''}`;
  let source = sources.get(key);
  if (source === undefined) {
    const name = program?.replace(/^.*\//, '').toLowerCase() ?? null;
    const told = facility === null ? undefined : serviceOfFacility[facility];
    const services = new Set([...(name === null ? [] : [name, ...(servicesOf[name] ?? [])]), ...(told === undefined ? [] : [told]), 'syslog']); // prettier-ignore
    source =
      program !== null && juniperPrograms.test(program)
        ? LogSource.of({ product: 'juniper', service: [...services, ...(program === 'rpd' ? ['bgp'] : [])], category: program.startsWith('RT_') ? 'firewall' : [] }) // prettier-ignore
        : LogSource.of({ product: 'linux', service: [...services], category: name === 'clamd' ? 'antivirus' : [] });
    // A log can make up programs without end.
    if (sources.size >= 4096) sources.clear();
    sources.set(key, source);
  }
  return source;
}

/**
 * A line with the head of syslog: `Computer`, `program`, `pid`, and `message` with its pairs of `key=value`, or, where the
 * program's own format is known, what that says.
 */
export function parseSyslogLine(line: string, clock: LogClock): LineEvent | null {
  const head = parseSyslogHead(line, clock);
  return head === null ? null : programLine(head, clock);
}

export function programLine(head: SyslogHead, clock: LogClock): LineEvent {
  const { message, timeMs, program, facility } = head;
  const decoded = decode(message, head, clock);
  if (decoded !== null)
    return {
      ...withFields(decoded, headFields(head), timeMs),
      logSource: decoded.logSource ?? syslogSource(program, facility),
      goesOn: false,
    };
  const fields: Field[] = headFields(head);
  fields.push(['message', message]);
  const event = lineOf(fields, timeMs, syslogSource(program, facility));
  const pairs = [...structuredPairs(head.data), ...messagePairs(message)];
  return pairs.length === 0 ? event : { ...withFields(event, pairs), logSource: vendorSource(pairs) ?? event.logSource ?? null }; // prettier-ignore
}

/** The parameters of structured data (RFC 5424, 6.3). */
function structuredPairs(data: string): [string, string][] {
  return data === '' ? [] : pairsOf(data).map(([name, value]) => [name, value.replaceAll('\\]', ']')]);
}

/** Three at least: a message may have an equals sign or two. */
function messagePairs(message: string): [string, string][] {
  const first = message.indexOf('=');
  const second = first < 0 ? -1 : message.indexOf('=', first + 1);
  if (second < 0 || !message.includes('=', second + 1)) return [];
  const pairs = pairsOf(message);
  return pairs.length < 3 ? [] : pairs;
}

/** Null where the message is text. */
function decode(message: string, { program, facility }: SyslogHead, clock: LogClock): LineEvent | null {
  switch (message.charCodeAt(0)) {
    case 0x7b: // {
      return parseJsonLine(message);
    case 0x3c: // <
      if (message.startsWith('<Event')) return parseEventXml(message);
      break;
    case 0x5b: // [
      return parseApacheErrorLine(message, clock);
    case 0x25: // %
      return parseDeviceLine(message, clock);
  }
  if (message.includes('audit(')) {
    const record = parseAuditLine(message, clock);
    if (record !== null) return record;
  }
  const pairs = message.includes('CEF:') || message.includes('LEEF:') ? cefPairs(message) : null;
  if (pairs !== null) return lineOf(pairs, null, vendorSource(pairs));
  switch (program ?? '') {
    case 'audit':
    case 'audisp-syslog':
      return parseJournalAudit(message);
    case 'dnsmasq':
    case 'pihole-FTL':
      return known(dnsmasqFields(message), dnsLog);
    case 'unbound':
      return known(unboundFields(message), dnsLog);
    case 'named':
      return known(bindFields(message), dnsLog);
    case 'clamd': {
      const fields = clamavFields(message);
      return fields.length > 1 ? lineOf(fields, null, syslogSource('clamd', facility)) : null;
    }
    case 'squid':
    case '(squid-1)':
      return parseSquidLine(message);
    case 'nginx':
    case 'apache2':
    case 'httpd':
    case 'apache':
    case 'haproxy':
      return parseCombinedLine(message, clock) ?? parseNginxErrorLine(message, clock);
  }
  const device = message.includes('%') ? parseDeviceLine(message, clock) : null;
  return device ?? (program === null ? parsePaloAltoLine(message, clock) : null);
}

function known(fields: readonly Field[], source: LogSource): LineEvent | null {
  return fields.length === 0 ? null : lineOf(fields, null, source);
}
