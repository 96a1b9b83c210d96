import type { LogSourceEntry, LogSourceTable } from './logsource.js';
import { builtInCategories, channels, sysmonCategories } from './windows-sources.js';

/** What Security event 4688 calls the fields of a process creation. */
const processCreated4688 = {
  Image: 'NewProcessName',
  ParentImage: 'ParentProcessName',
  ProcessId: 'NewProcessId',
  ParentProcessId: 'ProcessId',
  User: 'SubjectUserName',
  LogonId: 'SubjectLogonId',
};

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
  {
    ...windows,
    category: 'process_creation',
    conditions: { EventID: [4688] },
    rewrite: { ...windows, service: 'security' },
    fieldmappings: processCreated4688,
  },
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
