import { logSourceAttributes, type LogSourceAttribute } from '../../events/log-source.js';
import { builtInCategories, channels, sysmonCategories } from './windows-sources.js';

/** What a rule asks for. */
export type WantedSource = { readonly [A in LogSourceAttribute]?: string };

/** How a log shows that it is of a source. */
export const evidences = [
  /** The channel of a Windows event log, and event ids. */
  'channel',
  /** The program that wrote a line of syslog or of the journal. */
  'program',
  /** The form of the log: audit records, Zeek's `#path`, W3C, Squid, `%FACILITY-SEVERITY-MNEMONIC` … */
  'format',
  /** The members of an object (`events/object-sources.ts`). */
  'object',
  /** Nothing: the log may be any text. Its rules are asked where nobody can tell, and where `--as` names the source. */
  'untold',
  /** There is no such log that yms reads. */
  'unread',
] as const;
export type Evidence = (typeof evidences)[number];

export interface KnownSource extends WantedSource {
  readonly evidence: Evidence;
}

const rows = (evidence: Evidence, product: string | undefined, services: readonly string[]): KnownSource[] =>
  services.map((service) => ({ ...(product !== undefined && { product }), service, evidence }));

const categories = (evidence: Evidence, product: string | undefined, names: readonly string[]): KnownSource[] =>
  names.map((category) => ({ ...(product !== undefined && { product }), category, evidence }));

/** The logs that Zeek writes by itself (docs.zeek.org, "Log files"); each is a service. */
const zeekLogs = [
  ...['analyzer', 'bgp', 'capture_loss', 'cluster', 'conn', 'dce_rpc', 'dhcp', 'dnp3', 'dns', 'dpd', 'files', 'ftp'],
  ...['http', 'intel', 'irc', 'kerberos', 'known_hosts', 'known_services', 'ldap', 'ldap_search', 'modbus', 'mqtt'],
  ...['mysql', 'notice', 'ntlm', 'ntp', 'ocsp', 'pe', 'postgresql', 'quic', 'radius', 'rdp', 'reporter', 'rfb', 'sip'],
  ...['smb_cmd', 'smb_files', 'smb_mapping', 'smtp', 'snmp', 'socks', 'software', 'ssh', 'ssl', 'stats', 'syslog'],
  ...['traceroute', 'tunnel', 'weird', 'websocket', 'x509'],
] as const;

/**
 * Every log source that SigmaHQ has rules for, and those of Sigma's taxonomy, each with its evidence. Closed: a rule of
 * another source is named by lint, by merge and by the scan.
 */
export const knownSources: readonly KnownSource[] = [
  { product: 'windows', evidence: 'channel' },
  ...rows('channel', 'windows', Object.keys(channels)),
  ...categories('channel', 'windows', [
    ...sysmonCategories.map(([category]) => category),
    ...builtInCategories.map(([category]) => category),
  ]),
  // Events of the kernel's file provider, which no event log has.
  ...categories('unread', 'windows', ['file_access', 'file_rename']),
  { category: 'antivirus', evidence: 'channel' },

  { product: 'linux', evidence: 'format' },
  ...rows('format', 'linux', ['auditd', 'sysmon']),
  ...rows('program', 'linux', ['auth', 'clamav', 'cron', 'guacamole', 'sshd', 'sudo', 'syslog', 'vsftpd']),
  ...categories('format', 'linux', ['process_creation', 'network_connection', 'file_event']),
  { product: 'macos', evidence: 'object' },
  ...categories('object', 'macos', ['process_creation', 'file_event']),

  ...categories('format', undefined, ['webserver', 'proxy', 'dns', 'firewall']),
  ...rows('format', undefined, ['apache', 'nginx']),
  ...rows('object', undefined, ['netflow']),
  ...categories('untold', undefined, ['database']),
  { category: 'network', service: 'connection', evidence: 'untold' },
  { category: 'network', service: 'dns', evidence: 'untold' },

  ...rows('format', 'cisco', ['aaa', 'bgp', 'ldp', 'syslog']),
  ...rows('object', 'cisco', ['duo']),
  ...rows('format', 'huawei', ['bgp', 'ldp']),
  ...rows('format', 'juniper', ['bgp', 'ldp']),
  ...rows('object', 'fortigate', ['event']),
  ...rows('untold', 'fortios', ['sslvpnd']),
  { product: 'paloalto', category: 'appliance', service: 'globalprotect', evidence: 'untold' },
  { product: 'paloalto', category: 'file_event', service: 'globalprotect', evidence: 'untold' },
  ...rows('format', 'zeek', zeekLogs),

  ...rows('object', 'aws', ['cloudtrail']),
  ...rows('object', 'azure', ['activitylogs', 'auditlogs', 'pim', 'riskdetection', 'signinlogs']),
  ...rows('object', 'gcp', ['gcp.audit', 'google_workspace.admin', 'google_workspace.login']),
  ...rows('object', 'm365', ['audit', 'exchange', 'threat_detection', 'threat_management']),
  ...rows('object', 'bitbucket', ['audit']),
  ...rows('object', 'github', ['audit']),
  ...rows('object', 'kubernetes', ['audit']),
  { product: 'kubernetes', category: 'application', service: 'audit', evidence: 'object' },
  ...rows('object', 'okta', ['okta']),
  ...rows('object', 'onelogin', ['onelogin.events']),
  { product: 'qualys', evidence: 'object' },
  { product: 'opencanary', category: 'application', evidence: 'object' },
  { product: 'rpc_firewall', category: 'application', evidence: 'object' },
  { product: 'modsecurity', evidence: 'untold' },
  ...['django', 'jvm', 'nodejs', 'python', 'ruby_on_rails', 'spring', 'sql', 'velocity'].map(
    (product): KnownSource => ({ product, category: 'application', evidence: 'untold' }),
  ),
];

const products = new Set(knownSources.flatMap(({ product }) => product ?? []));

/** Whether the table has a row of the product, or the rule names none and a row has all that it names. */
export function isKnownProduct(wanted: WantedSource): boolean {
  return wanted.product === undefined ? rowsOf(wanted).length > 0 : products.has(wanted.product.toLowerCase());
}

/** Whether some log can be of the source: the table has a row for it which is not `unread`. */
export function isFed(wanted: WantedSource): boolean {
  return rowsOf(wanted).some(({ evidence }) => evidence !== 'unread');
}

/** For messages: `product=windows, service=sysmom`. */
export function sourceWords(wanted: WantedSource): string {
  const named = logSourceAttributes.filter((attribute) => wanted[attribute] !== undefined);
  return named.map((attribute) => `${attribute}=${wanted[attribute]}`).join(', ');
}

/** The rows that have all that the rule names: a rule of a product alone is for each of its services. */
function rowsOf(wanted: WantedSource): readonly KnownSource[] {
  const isSame = (row: KnownSource, attribute: LogSourceAttribute) =>
    wanted[attribute] === undefined || wanted[attribute].toLowerCase() === row[attribute];
  return knownSources.filter((row) => isSame(row, 'product') && isSame(row, 'service') && isSame(row, 'category'));
}
