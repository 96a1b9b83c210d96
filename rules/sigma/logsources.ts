import type { FieldValues, LogSourceEntry, LogSourceTable } from './logsource.js';
import { builtInCategories, channels, sysmonCategories } from './windows-sources.js';

interface AuditEvent {
  readonly category: string;
  readonly service: string;
  readonly conditions: NonNullable<LogSourceEntry['conditions']>;
  readonly fieldmappings: Readonly<Record<string, string>>;
  readonly valuemappings?: FieldValues;
}

/** Security 4657 is about a value: what it says in `OperationType`, as messages name it and as the log holds it. */
const operations = {
  created: ['%%1904', 'New registry value created'],
  modified: ['%%1905', 'Existing registry value modified'],
} as const;
const registry4657 = {
  service: 'security',
  fieldmappings: { Image: 'ProcessName', TargetObject: 'ObjectName', Details: 'NewValue', EventType: 'OperationType' },
  valuemappings: { EventType: { createkey: operations.created, setvalue: operations.modified } },
} as const;

/**
 * What Windows itself logs of Sysmon's categories, with its own names of fields and words for values: pySigma's windows-audit
 * pipeline (4688, 4657) and hayabusa's converter (5156, 5861, values).
 */
const auditEvents: readonly AuditEvent[] = [
  {
    category: 'process_creation',
    service: 'security',
    conditions: { EventID: [4688] },
    fieldmappings: {
      Image: 'NewProcessName',
      ParentImage: 'ParentProcessName',
      ProcessId: 'NewProcessId',
      ParentProcessId: 'ProcessId',
      User: 'SubjectUserName',
      LogonId: 'SubjectLogonId',
      IntegrityLevel: 'MandatoryLabel',
    },
    // [MS-DTYP] 2.4.2.4, "Well-Known SID Structures": mandatory labels.
    valuemappings: {
      IntegrityLevel: {
        untrusted: ['S-1-16-0'],
        low: ['S-1-16-4096'],
        medium: ['S-1-16-8192'],
        high: ['S-1-16-12288'],
        system: ['S-1-16-16384'],
      },
    },
  },
  {
    category: 'network_connection',
    service: 'security',
    conditions: { EventID: [5156] },
    fieldmappings: {
      Image: 'Application',
      SourceIp: 'SourceAddress',
      DestinationIp: 'DestAddress',
      DestinationPort: 'DestPort',
      Initiated: 'Direction',
    },
    valuemappings: {
      Initiated: { true: ['%%14593', 'Outbound'], false: ['%%14592', 'Inbound'] },
      Protocol: { tcp: ['6'], udp: ['17'] },
    },
  },
  { ...registry4657, category: 'registry_add', conditions: { EventID: [4657], OperationType: operations.created } },
  { ...registry4657, category: 'registry_set', conditions: { EventID: [4657], OperationType: operations.modified } },
  {
    ...registry4657,
    category: 'registry_event',
    conditions: { EventID: [4657], OperationType: [...operations.created, ...operations.modified] },
  },
  {
    category: 'wmi_event',
    service: 'wmi',
    conditions: { EventID: [5861] },
    fieldmappings: { Filter: 'ESS', Consumer: 'CONSUMER', Destination: 'PossibleCause', EventNamespace: 'Namespace' },
  },
];

/** Defender's events that name a threat or a path. */
const defenderDetections = [1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116];

const linuxSysmon = ['WinEventLog:Linux-Sysmon/Operational', 'WinEventLog:Microsoft-Windows-Sysmon-Linux/Operational'];
const linuxCategories: readonly [category: string, eventId: number][] = [
  ['process_creation', 1],
  ['network_connection', 3],
  ['file_event', 11],
];

const windows = { product: 'windows' } as const;

/**
 * The ways to the events of log sources that yms knows by itself: the channels of Windows, and for every source the logs
 * that are of it by what their readers tell.
 */
export const builtInLogSources: LogSourceTable = [
  ...sysmonCategories.map(([category, eventIds, eventTypes]) => ({
    ...windows,
    category,
    conditions: { EventID: eventIds, ...(eventTypes && { EventType: eventTypes }) },
    rewrite: { ...windows, service: 'sysmon' },
  })),
  ...auditEvents.map(({ service, ...entry }) => ({ ...windows, ...entry, rewrite: { ...windows, service } })),
  ...builtInCategories.map(([category, service, eventIds]) => ({
    ...windows,
    category,
    conditions: { EventID: eventIds },
    rewrite: { ...windows, service },
  })),
  {
    category: 'antivirus',
    conditions: { EventID: defenderDetections },
    rewrite: { ...windows, service: 'windefend' },
    fieldmappings: { Signature: 'ThreatName', Filename: 'Path' },
  },
  ...Object.entries(channels).map(([service, names]) => ({
    ...windows,
    service,
    sources: names.map((name) => `WinEventLog:${name}`),
  })),
  ...linuxCategories.map(([category, eventId]): LogSourceEntry => ({
    product: 'linux',
    category,
    conditions: { EventID: [eventId] },
    sources: linuxSysmon,
  })),
  // Of the product alone, or of a service that has no channel: the logs that tell so.
  { product: 'linux', sources: [] },
  { ...windows, sources: [] },
];
