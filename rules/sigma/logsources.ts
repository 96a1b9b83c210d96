import type { LogSourceEntry, LogSourceTable } from './logsource.js';

/** Categories that Sysmon for Windows reports, with its event ids and, where an id is not enough, the event type. */
const sysmonCategories: readonly [category: string, eventIds: readonly number[], eventTypes?: readonly string[]][] = [
  ['process_creation', [1]],
  ['file_change', [2]],
  ['network_connection', [3]],
  ['sysmon_status', [4, 16]],
  ['process_termination', [5]],
  ['driver_load', [6]],
  ['image_load', [7]],
  ['create_remote_thread', [8]],
  ['raw_access_thread', [9]],
  ['process_access', [10]],
  ['file_event', [11]],
  ['registry_add', [12], ['CreateKey']],
  ['registry_delete', [12], ['DeleteKey', 'DeleteValue']],
  ['registry_set', [13]],
  ['registry_rename', [14]],
  ['registry_event', [12, 13, 14]],
  ['create_stream_hash', [15]],
  ['pipe_created', [17, 18]],
  ['wmi_event', [19, 20, 21]],
  ['dns_query', [22]],
  ['file_delete', [23, 26]],
  ['clipboard_change', [24]],
  ['clipboard_capture', [24]],
  ['process_tampering', [25]],
  ['file_delete_detected', [26]],
  ['file_block_executable', [27]],
  ['file_block_shredding', [28]],
  ['file_executable_detected', [29]],
  ['sysmon_error', [255]],
];

/** Categories that Windows itself logs. */
const builtInCategories: readonly [category: string, service: string, eventIds: readonly number[]][] = [
  ['ps_module', 'powershell', [4103]],
  ['ps_script', 'powershell', [4104]],
  ['ps_classic_start', 'powershell-classic', [400]],
  ['ps_classic_provider_start', 'powershell-classic', [600]],
  ['ps_classic_script', 'powershell-classic', [800]],
];

/** What Security event 4688 calls the fields of a process creation. */
const processCreated4688 = {
  Image: 'NewProcessName',
  ParentImage: 'ParentProcessName',
  ProcessId: 'NewProcessId',
  ParentProcessId: 'ProcessId',
  User: 'SubjectUserName',
  LogonId: 'SubjectLogonId',
};

const microsoft = 'Microsoft-Windows-';

/** Services of Windows and the channels of their events. */
const channels: Readonly<Record<string, readonly string[]>> = {
  application: ['Application'],
  security: ['Security'],
  system: ['System'],
  sysmon: [`${microsoft}Sysmon/Operational`],
  powershell: [`${microsoft}PowerShell/Operational`, 'PowerShellCore/Operational'],
  'powershell-classic': ['Windows PowerShell'],
  'application-experience': [
    `${microsoft}Application-Experience/Program-Telemetry`,
    `${microsoft}Application-Experience/Program-Compatibility-Assistant`,
  ],
  applocker: [
    `${microsoft}AppLocker/MSI and Script`,
    `${microsoft}AppLocker/EXE and DLL`,
    `${microsoft}AppLocker/Packaged app-Deployment`,
    `${microsoft}AppLocker/Packaged app-Execution`,
  ],
  'appmodel-runtime': [`${microsoft}AppModel-Runtime/Admin`],
  'appxdeployment-server': [`${microsoft}AppXDeploymentServer/Operational`],
  'appxpackaging-om': [`${microsoft}AppxPackaging/Operational`],
  bitlocker: [`${microsoft}BitLocker/BitLocker Management`],
  'bits-client': [`${microsoft}Bits-Client/Operational`],
  capi2: [`${microsoft}CAPI2/Operational`],
  'certificateservicesclient-lifecycle-system': [`${microsoft}CertificateServicesClient-Lifecycle-System/Operational`],
  'codeintegrity-operational': [`${microsoft}CodeIntegrity/Operational`],
  dhcp: [`${microsoft}DHCP-Server/Operational`],
  'diagnosis-scripted': [`${microsoft}Diagnosis-Scripted/Operational`],
  'dns-client': [`${microsoft}DNS Client Events/Operational`, `${microsoft}DNS-Client/Operational`],
  'dns-server': ['DNS Server'],
  'dns-server-analytic': [`${microsoft}DNS-Server/Analytical`],
  'driver-framework': [`${microsoft}DriverFrameworks-UserMode/Operational`],
  'firewall-as': [`${microsoft}Windows Firewall With Advanced Security/Firewall`],
  'hyper-v-worker': [`${microsoft}Hyper-V-Worker*`],
  'iis-configuration': ['Microsoft-IIS-Configuration/Operational'],
  'kernel-event-tracing': [`${microsoft}Kernel-EventTracing*`],
  'kernel-shimengine': [`${microsoft}Kernel-ShimEngine/Operational`, `${microsoft}Kernel-ShimEngine/Diagnostic`],
  ldap: [`${microsoft}LDAP-Client/Debug`],
  'lsa-server': [`${microsoft}LSA/Operational`],
  'microsoft-servicebus-client': ['Microsoft-ServiceBus-Client/Admin', 'Microsoft-ServiceBus-Client/Operational'],
  'servicebus-client': ['Microsoft-ServiceBus-Client/Admin', 'Microsoft-ServiceBus-Client/Operational'],
  'msexchange-management': ['MSExchange Management'],
  ntfs: [`${microsoft}Ntfs/Operational`],
  ntlm: [`${microsoft}NTLM/Operational`],
  openssh: ['OpenSSH/Operational'],
  'printservice-admin': [`${microsoft}PrintService/Admin`],
  'printservice-operational': [`${microsoft}PrintService/Operational`],
  'security-mitigations': [
    `${microsoft}Security-Mitigations/Kernel Mode`,
    `${microsoft}Security-Mitigations/User Mode`,
  ],
  sense: [`${microsoft}SENSE/Operational`],
  'shell-core': [`${microsoft}Shell-Core/Operational`],
  'smbclient-connectivity': [`${microsoft}SmbClient/Connectivity`],
  'smbclient-security': [`${microsoft}SmbClient/Security`],
  'smbserver-connectivity': [`${microsoft}SMBServer/Connectivity`],
  taskscheduler: [`${microsoft}TaskScheduler/Operational`],
  'terminalservices-localsessionmanager': [`${microsoft}TerminalServices-LocalSessionManager/Operational`],
  vhdmp: [`${microsoft}VHDMP/Operational`],
  windefend: [`${microsoft}Windows Defender/Operational`],
  wmi: [`${microsoft}WMI-Activity/Operational`],
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
const anyLog = ['Log:*'];

/**
 * The log sources that yms knows by itself. Windows sources that stand in none of them have no events (`sources`
 * empty); rules of every other product are tried on all events that name no channel: text logs and JSON of other
 * systems.
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
  { category: 'antivirus', sources: anyLog },
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
  { product: 'linux', sources: anyLog },
  { ...windows, sources: [] },
  { sources: anyLog },
];
