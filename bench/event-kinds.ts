/** What a busy Windows host logs: makers of single events, and how often each comes. */
import type { Random } from './random.js';

/** Text, a 32-bit number, a hexadecimal number, or a GUID. */
export type BenchValue = string | number | { readonly hex: number } | { readonly guid: string };

export interface BenchEvent {
  readonly provider: string;
  readonly providerGuid: string;
  readonly channel: string;
  readonly eventId: number;
  readonly recordId: number;
  readonly timeMs: number;
  readonly data: readonly (readonly [name: string, value: BenchValue])[];
}

export const computer = 'WS-0417.corp.example';
const sysmon = {
  provider: 'Microsoft-Windows-Sysmon',
  providerGuid: '5770385F-C22A-43E0-BF4C-06F5698FFBD9',
  channel: 'Microsoft-Windows-Sysmon/Operational',
};
const security = {
  provider: 'Microsoft-Windows-Security-Auditing',
  providerGuid: '54849625-5478-4994-A5BA-3E3B0328C30D',
  channel: 'Security',
};
const powershell = {
  provider: 'Microsoft-Windows-PowerShell',
  providerGuid: 'A0C1853B-5C40-4B15-8766-3CF1C58F985A',
  channel: 'Microsoft-Windows-PowerShell/Operational',
};

const system32 = 'C:\\Windows\\System32\\';
const programs: readonly (readonly [image: string, args: readonly string[]])[] = [
  [
    `${system32}svchost.exe`,
    ['-k netsvcs -p -s Schedule', '-k LocalService -p -s nsi', '-k DcomLaunch -p', '-k wusvcs -p -s WaaSMedicSvc'],
  ],
  [`${system32}conhost.exe`, ['0xffffffff -ForceV1', '0x4']],
  [
    `${system32}cmd.exe`,
    ['/c ver', '/d /s /c "npm run build"', '/c "C:\\Program Files\\Backup\\agent.bat"', '/c dir /b'],
  ],
  [
    `${system32}WindowsPowerShell\\v1.0\\powershell.exe`,
    ['-NoProfile -Command Get-Process', '-File C:\\Scripts\\inventory.ps1', '-Command "Get-Service | Select Name"'],
  ],
  [`${system32}taskhostw.exe`, ['', 'Install $(Arg0)', '/RuntimeWide']],
  [`${system32}RuntimeBroker.exe`, ['-Embedding']],
  [
    `${system32}SearchProtocolHost.exe`,
    ['Global\\UsGthrFltPipeMssGthrPipe1 1 -2147483646 "Software\\Microsoft\\Windows Search"'],
  ],
  [
    `${system32}rundll32.exe`,
    ['C:\\Windows\\system32\\PcaSvc.dll,PcaPatchSdbTask', 'shell32.dll,Control_RunDLL timedate.cpl'],
  ],
  [`${system32}reg.exe`, ['query HKLM\\Software\\Microsoft\\Windows\\CurrentVersion /v ProgramFilesDir']],
  [`${system32}schtasks.exe`, ['/query /tn Backup /fo csv']],
  [`${system32}net.exe`, ['use Z: \\\\files.corp.example\\share', 'time \\\\dc1']],
  [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    [
      '--type=renderer --lang=en-US --device-scale-factor=1',
      '--type=utility --utility-sub-type=network.mojom.NetworkService',
    ],
  ],
  ['C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE', ['', '/recycle']],
  ['C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE', ['"C:\\Users\\jdoe\\Documents\\budget.xlsx"']],
  [
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
    ['--type=gpu-process --no-appcompat-clear', '--profile-directory=Default'],
  ],
  ['C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.25010.11-0\\MsMpEng.exe', ['']],
  [
    'C:\\Program Files\\nodejs\\node.exe',
    ['server.js --port 3000', 'C:\\work\\app\\node_modules\\vite\\bin\\vite.js build'],
  ],
  ['C:\\Program Files\\Git\\cmd\\git.exe', ['fetch --all --prune', 'status --porcelain=v2', 'log -1 --format=%H']],
];
const libraries = [
  'kernel32.dll',
  'ntdll.dll',
  'user32.dll',
  'combase.dll',
  'ucrtbase.dll',
  'sechost.dll',
  'bcrypt.dll',
  'crypt32.dll',
  'ws2_32.dll',
  'wininet.dll',
  'dbghelp.dll',
  'amsi.dll',
  'clr.dll',
  'mscoree.dll',
  'taskschd.dll',
  'vaultcli.dll',
];
const hosts = [
  'www.example.com',
  'cdn.example.net',
  'update.example.org',
  'dc1.corp.example',
  'files.corp.example',
  'telemetry.example.com',
  'api.example.io',
  'mail.corp.example',
];
const files = [
  'AppData\\Local\\Temp\\~DF3A.tmp',
  'AppData\\Local\\Google\\Chrome\\User Data\\Default\\Cache\\f_0001',
  'Documents\\notes.docx',
  'Downloads\\report.pdf',
  'AppData\\Roaming\\npm-cache\\_logs\\debug.log',
  'Desktop\\plan.xlsx',
  'AppData\\Local\\Microsoft\\Outlook\\cache.ost',
];
const keys = [
  'HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\UserSettings',
  'HKU\\S-1-5-21-1-2-3-1001\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\UserAssist',
  'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Diagnostics',
  'HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache\\Tasks',
  'HKU\\.DEFAULT\\Software\\Microsoft\\Office\\16.0\\Common',
];
const users = ['CORP\\jdoe', 'CORP\\asmith', 'NT AUTHORITY\\SYSTEM', 'NT AUTHORITY\\LOCAL SERVICE', 'CORP\\svc-backup'];
const scripts = [
  'Get-ChildItem -Path $env:TEMP -Recurse | Where-Object { $_.Length -gt 1MB }',
  'function Get-Inventory { param($Path) Import-Csv $Path | Group-Object Site }',
  '$service = Get-Service -Name Spooler; if ($service.Status -ne "Running") { Start-Service Spooler }',
];

type Made = Omit<BenchEvent, 'recordId' | 'timeMs'>;

/** Of a hundred events, how many are of each kind. */
export const mix: readonly (readonly [share: number, make: (random: Random) => Made])[] = [
  [18, processCreated],
  [12, networkConnection],
  [8, processEnded],
  [20, imageLoaded],
  [8, processAccessed],
  [10, fileCreated],
  [10, registrySet],
  [6, dnsQuery],
  [6, loggedOn],
  [2, scriptBlock],
];

function processCreated(random: Random): Made {
  const [image, args] = random.of(programs);
  const [parent, parentArgs] = random.of(programs);
  return sysmonEvent(1, [
    ['RuleName', '-'],
    ...processFields(random, image),
    ['FileVersion', '10.0.22621.1 (WinBuild.160101.0800)'],
    ['Description', 'A program of a busy host'],
    ['Product', 'Microsoft® Windows® Operating System'],
    ['Company', 'Microsoft Corporation'],
    ['OriginalFileName', image.slice(image.lastIndexOf('\\') + 1)],
    ['CommandLine', `"${image}" ${random.of(args)} ${random.hex(6)}`],
    ['CurrentDirectory', 'C:\\Windows\\system32\\'],
    ['User', random.of(users)],
    ['LogonGuid', { guid: random.guid() }],
    ['LogonId', { hex: random.below(0xffffff) }],
    ['TerminalSessionId', random.below(3)],
    ['IntegrityLevel', random.of(['Medium', 'High', 'System'])],
    ['Hashes', `MD5=${random.hex(32)},SHA256=${random.hex(64)},IMPHASH=${random.hex(32)}`],
    ['ParentProcessGuid', { guid: random.guid() }],
    ['ParentProcessId', random.below(20000)],
    ['ParentImage', parent],
    ['ParentCommandLine', `"${parent}" ${random.of(parentArgs)}`],
    ['ParentUser', random.of(users)],
  ]);
}

function networkConnection(random: Random): Made {
  return sysmonEvent(3, [
    ['RuleName', '-'],
    ...processFields(random, random.of(programs)[0]),
    ['User', random.of(users)],
    ['Protocol', random.of(['tcp', 'udp'])],
    ['Initiated', 'true'],
    ['SourceIsIpv6', 'false'],
    ['SourceIp', `10.20.${random.below(256)}.${random.below(256)}`],
    ['SourceHostname', computer],
    ['SourcePort', 49152 + random.below(16000)],
    ['SourcePortName', '-'],
    ['DestinationIsIpv6', 'false'],
    ['DestinationIp', `203.0.113.${random.below(256)}`],
    ['DestinationHostname', random.of(hosts)],
    ['DestinationPort', random.of([443, 80, 53, 445, 389, 8080])],
    ['DestinationPortName', 'https'],
  ]);
}

function processEnded(random: Random): Made {
  return sysmonEvent(5, [
    ['RuleName', '-'],
    ...processFields(random, random.of(programs)[0]),
    ['User', random.of(users)],
  ]);
}

function imageLoaded(random: Random): Made {
  return sysmonEvent(7, [
    ['RuleName', '-'],
    ...processFields(random, random.of(programs)[0]),
    ['ImageLoaded', `${system32}${random.of(libraries)}`],
    ['FileVersion', '10.0.22621.1 (WinBuild.160101.0800)'],
    ['Description', 'A library'],
    ['Product', 'Microsoft® Windows® Operating System'],
    ['Company', 'Microsoft Corporation'],
    ['OriginalFileName', random.of(libraries)],
    ['Hashes', `MD5=${random.hex(32)},SHA256=${random.hex(64)},IMPHASH=${random.hex(32)}`],
    ['Signed', 'true'],
    ['Signature', 'Microsoft Windows'],
    ['SignatureStatus', 'Valid'],
    ['User', random.of(users)],
  ]);
}

function processAccessed(random: Random): Made {
  return sysmonEvent(10, [
    ['RuleName', '-'],
    ['UtcTime', '2026-01-05 08:00:00.000'],
    ['SourceProcessGUID', { guid: random.guid() }],
    ['SourceProcessId', random.below(20000)],
    ['SourceThreadId', random.below(20000)],
    ['SourceImage', random.of(programs)[0]],
    ['TargetProcessGUID', { guid: random.guid() }],
    ['TargetProcessId', random.below(20000)],
    ['TargetImage', random.of(programs)[0]],
    ['GrantedAccess', { hex: random.of([0x1000, 0x1400, 0x1fffff, 0x1410]) }],
    [
      'CallTrace',
      `${system32}ntdll.dll+9d4c4|${system32}KERNELBASE.dll+2c13e|C:\\Program Files\\agent\\agent.dll+${random.hex(5)}`,
    ],
    ['SourceUser', random.of(users)],
    ['TargetUser', random.of(users)],
  ]);
}

function fileCreated(random: Random): Made {
  return sysmonEvent(11, [
    ['RuleName', '-'],
    ...processFields(random, random.of(programs)[0]),
    ['TargetFilename', `C:\\Users\\jdoe\\${random.of(files)}${random.hex(4)}`],
    ['CreationUtcTime', '2026-01-05 08:00:00.000'],
    ['User', random.of(users)],
  ]);
}

function registrySet(random: Random): Made {
  return sysmonEvent(13, [
    ['RuleName', '-'],
    ['EventType', 'SetValue'],
    ...processFields(random, random.of(programs)[0]),
    ['TargetObject', `${random.of(keys)}\\${random.hex(8)}`],
    ['Details', random.of(['DWORD (0x00000001)', 'Binary Data', '(Empty)', 'C:\\Windows\\System32\\drivers\\etc'])],
    ['User', random.of(users)],
  ]);
}

function dnsQuery(random: Random): Made {
  return sysmonEvent(22, [
    ['RuleName', '-'],
    ...processFields(random, random.of(programs)[0]),
    ['QueryName', `${random.hex(4)}.${random.of(hosts)}`],
    ['QueryStatus', '0'],
    ['QueryResults', `::ffff:203.0.113.${random.below(256)};`],
    ['User', random.of(users)],
  ]);
}

function loggedOn(random: Random): Made {
  const data: BenchEvent['data'] = [
    ['SubjectUserSid', 'S-1-5-18'],
    ['SubjectUserName', 'WS-0417$'],
    ['SubjectDomainName', 'CORP'],
    ['SubjectLogonId', { hex: 0x3e7 }],
    ['TargetUserSid', 'S-1-5-21-1-2-3-1001'],
    ['TargetUserName', random.of(['jdoe', 'asmith', 'svc-backup', 'SYSTEM'])],
    ['TargetDomainName', 'CORP'],
    ['TargetLogonId', { hex: random.below(0xffffff) }],
    ['LogonType', random.of([2, 3, 5, 7])],
    ['LogonProcessName', random.of(['User32', 'Advapi', 'Kerberos'])],
    ['AuthenticationPackageName', random.of(['Negotiate', 'Kerberos'])],
    ['WorkstationName', 'WS-0417'],
    ['LogonGuid', { guid: random.guid() }],
    ['LmPackageName', '-'],
    ['KeyLength', 0],
    ['ProcessId', { hex: random.below(20000) }],
    ['ProcessName', random.of(programs)[0]],
    ['IpAddress', `10.20.30.${random.below(256)}`],
    ['IpPort', '0'],
  ];
  return { ...security, eventId: random.of([4624, 4624, 4624, 4634, 4625]), data };
}

function scriptBlock(random: Random): Made {
  const data: BenchEvent['data'] = [
    ['MessageNumber', 1],
    ['MessageTotal', 1],
    ['ScriptBlockText', `${random.of(scripts)} # ${random.hex(12)}`],
    ['ScriptBlockId', random.guid()],
    ['Path', 'C:\\Scripts\\inventory.ps1'],
  ];
  return { ...powershell, eventId: 4104, data };
}

function sysmonEvent(eventId: number, data: BenchEvent['data']): Made {
  return { ...sysmon, eventId, data };
}

function processFields(random: Random, image: string): BenchEvent['data'] {
  return [
    ['UtcTime', '2026-01-05 08:00:00.000'],
    ['ProcessGuid', { guid: random.guid() }],
    ['ProcessId', random.below(20000)],
    ['Image', image],
  ];
}
