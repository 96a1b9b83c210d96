import { textFormatOf, type TextFormat } from '../../events/text-format.js';
import { standardInput } from '../input/logs.js';
import { archiveFormatOf, type ArchiveFormat } from './archive.js';
import type { Content } from './content.js';
import { isRegistryExport, isResolverCache, type LineElement, lineElementOf } from './places.js';
import type { ElementKind } from '../findings/element-table.js';

/** How a content is looked at. */
export type ContentKind =
  | { readonly kind: 'archive'; readonly format: ArchiveFormat }
  | { readonly kind: 'events'; readonly element: ElementKind; readonly format: 'evtx' | 'json' | TextFormat }
  | { readonly kind: 'lines'; readonly element: LineElement; readonly isSyslog: boolean }
  | { readonly kind: 'text' }
  | { readonly kind: 'strings' };

const elementOfFormat: Readonly<Record<TextFormat, ElementKind>> = {
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
  syslog: 'text-log',
};

/** What the first bytes and the name say. Text that comes through the standard input is a log. */
export function contentKindOf(head: Buffer, { name, path }: Pick<Content, 'name' | 'path'>): ContentKind {
  const archive = archiveFormatOf(head);
  if (archive !== null) return { kind: 'archive', format: archive };
  if (head.toString('latin1', 0, 8) === 'ElfFile\0') return { kind: 'events', element: 'event', format: 'evtx' };
  const isWide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (!isWide && head.includes(0)) return { kind: 'strings' };
  const text = new TextDecoder(!isWide ? 'utf-8' : head[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(head);
  const place = lineElementOf(name);
  if (isRegistryExport(text)) return { kind: 'lines', element: 'registry-export', isSyslog: false };
  if (isResolverCache(text)) return { kind: 'lines', element: 'resolver-cache', isSyslog: false };
  if (place !== null && place !== 'text-log') return { kind: 'lines', element: place, isSyslog: false };
  if (isJsonLog(text, name)) return { kind: 'events', element: 'event', format: 'json' };
  const format = textFormatOf(text, name);
  if (format === 'syslog') return { kind: 'lines', element: 'text-log', isSyslog: true };
  if (format !== null) return { kind: 'events', element: elementOfFormat[format], format };
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
