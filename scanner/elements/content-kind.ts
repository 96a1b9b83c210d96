import { decodeHead, encodingOf, isText } from '../../events/encoding.js';
import { journalMagic } from '../../events/journal-objects.js';
import type { EventFormat } from '../../events/read.js';
import { isNamedLog, textFormatOf, type TextFormat } from '../../events/text-format.js';
import { standardInput } from '../input/logs.js';
import { archiveFormatOf, type ArchiveFormat, type ClosedFormat } from '../input/archive-format.js';
import type { Content } from '../input/content.js';
import { isRegistryExport, isResolverCache, type LineElement, lineElementOf } from './places.js';
import type { ElementKind } from '../findings/element-table.js';

/** How a content is looked at. */
export type ContentKind =
  | { readonly kind: 'archive'; readonly format: ArchiveFormat | ClosedFormat }
  | { readonly kind: 'events'; readonly element: ElementKind; readonly format: EventFormat }
  | { readonly kind: 'lines'; readonly element: LineElement; readonly isSyslog: boolean }
  | { readonly kind: 'text' }
  | { readonly kind: 'strings' };

/** Logs whose events hold more than their lines show; the lines of all others are elements as they are. */
const elementOfFormat: Readonly<Partial<Record<TextFormat, ElementKind>>> = {
  csv: 'network-log',
  'key-value': 'network-log',
  squid: 'network-log',
  w3c: 'network-log',
  combined: 'network-log',
  zeek: 'zeek-log',
  'linux-audit': 'event',
  'sysmon-linux': 'event',
  dnsmasq: 'resolver-log',
  unbound: 'resolver-log',
  bind: 'resolver-log',
  xml: 'event',
  'journal-export': 'event',
};

/** What the first bytes and the name say. Text that comes through the standard input is a log. */
export function contentKindOf(head: Buffer, { name, path }: Pick<Content, 'name' | 'path'>): ContentKind {
  const archive = archiveFormatOf(head, name);
  if (archive !== null) return { kind: 'archive', format: archive };
  if (head.toString('latin1', 0, 8) === 'ElfFile\0') return { kind: 'events', element: 'event', format: 'evtx' };
  if (head.subarray(0, journalMagic.length).equals(journalMagic))
    return { kind: 'events', element: 'event', format: 'journal' };
  const text = decodeHead(head);
  // A log that was emptied under its writer begins with NULs.
  if (encodingOf(head) === 'utf-8' && head.includes(0) && !(isNamedLog(name) && isText(text)))
    return { kind: 'strings' };
  const place = lineElementOf(name);
  if (isRegistryExport(text)) return { kind: 'lines', element: 'registry-export', isSyslog: false };
  if (isResolverCache(text)) return { kind: 'lines', element: 'resolver-cache', isSyslog: false };
  if (place !== null && place !== 'text-log') return { kind: 'lines', element: place, isSyslog: false };
  if (isJsonLog(text, name)) return { kind: 'events', element: 'event', format: 'json' };
  const format = textFormatOf(text, name);
  const element = format === null ? undefined : elementOfFormat[format];
  if (format !== null && element !== undefined) return { kind: 'events', element, format };
  if (format !== null) return { kind: 'lines', element: 'text-log', isSyslog: true };
  if (place !== null) return { kind: 'lines', element: place, isSyslog: false };
  return path === standardInput ? { kind: 'lines', element: 'text-log', isSyslog: false } : { kind: 'text' };
}

/** Not any JSON: settings and packages are files as others are. */
function isJsonLog(text: string, name: string): boolean {
  if (!/^\s*(?:\[\s*)?\{\s*["}]/.test(text)) return false;
  if (/\.(?:jsonl|ndjson)$/i.test(name)) return true;
  return /"(?:Event|winlog|EventID|EventId|event_id|@timestamp|Channel|eventTime|Records|TimeCreated|timestamp|ts)"\s*:/.test(
    text,
  );
}
