import type { EventShape, FieldValue } from './event.js';
import { LogSource, type LogSourceNames } from './log-source.js';

/**
 * How objects of a source look: members that they all have (nested ones joined with `.`), one at least of `some`, and
 * values that tell. What is listed first comes first.
 */
interface ObjectKind {
  readonly all: readonly string[];
  readonly some?: readonly string[];
  /** Field → what one of its values must look like. */
  readonly where?: Readonly<Record<string, RegExp>>;
  readonly source: LogSourceNames;
  /** The field whose value is the service. */
  readonly serviceField?: string;
}

const of = (product: string, ...service: string[]): LogSourceNames => ({ product, service, category: [] });
const processOf = (product: string, category: string): LogSourceNames => ({ product, service: [], category });

const azureLog = { all: ['operationName', 'category'] } as const;
const activityCategories =
  /^(?:Administrative|Security|ServiceHealth|Alert|Autoscale|Policy|Recommendation|ResourceHealth)$/i;
const signInCategories =
  /^(?:SignInLogs|NonInteractiveUserSignInLogs|ServicePrincipalSignInLogs|ManagedIdentitySignInLogs|ADFSSignInLogs)$/i;
const riskCategories = /^(?:RiskyUsers|UserRiskEvents|RiskyServicePrincipals|ServicePrincipalRiskEvents)$/i;

const processFields = ['CommandLine', 'ParentImage', 'ParentCommandLine', 'process.command_line', 'process.executable'];
const pathFields = ['Image', 'ParentImage', 'TargetFilename', 'process.executable', 'file.path', 'CommandLine'];
const osFields = ['host.os.type', 'host.os.family', 'host.os.platform', 'os', 'platform', 'event_platform'];
const systems = [
  ['windows', /^(?:windows|win)/i, /^"?[a-z]:[\\/]|^\\\\|^\\(?:Device|SystemRoot|\?\?)\\/i],
  ['macos', /^(?:macos|darwin|osx|mac)/i, /^\/(?:Users|Applications|System|Library|private|Volumes|opt\/homebrew)\//],
  ['linux', /^(?:linux|debian|ubuntu|redhat|rhel|centos|fedora|suse|arch|alpine|amazon)/i, null],
] as const;

/** Processes, files and connections of a host as sensors report them, by what its operating system shows itself by. */
const hostKinds: readonly ObjectKind[] = (
  [
    ['file_event', { all: ['TargetFilename'] }],
    ['network_connection', { all: ['Image'], some: ['DestinationIp', 'DestinationHostname'] }],
    ['process_creation', { all: [], some: processFields }],
  ] as const
).flatMap(([category, fields]) =>
  systems.flatMap(([product, name, path]) => [
    ...osFields.map((field): ObjectKind => ({
      ...fields,
      all: [...fields.all, field],
      where: { [field]: name },
      source: processOf(product, category),
    })),
    ...(path === null
      ? []
      : pathFields.map((field): ObjectKind => ({
          ...fields,
          all: [...fields.all, field],
          where: { [field]: path },
          source: processOf(product, category),
        }))),
  ]),
);

/** The last takes a process that shows no system by its path: rules for Linux and for macOS are not both asked of it. */
const unnamedProcess: ObjectKind = { all: [], some: processFields, source: processOf('linux', 'process_creation') };

const kinds: readonly ObjectKind[] = [
  // Zeek's JSON logs; `_path` stands in those that are streamed.
  { all: ['_path', 'ts'], where: { _path: /^dns$/ }, source: { product: 'zeek', service: 'dns', category: 'dns' } },
  { all: ['_path', 'ts'], source: { product: 'zeek', category: [] }, serviceField: '_path' },
  { all: ['ts', 'uid', 'id.orig_h', 'id.resp_h'], source: { product: 'zeek', category: [] } },

  // Windows and Sysmon for Linux, whatever collected them.
  { all: ['Channel', 'EventID'], where: { Channel: /^Linux-Sysmon\/|Sysmon-Linux\// }, source: of('linux', 'sysmon') },
  { all: ['Provider_Name', 'EventID'], where: { Provider_Name: /^Linux-Sysmon$/ }, source: of('linux', 'sysmon') },
  { all: ['InterfaceUuid', 'EventID'], source: { product: 'rpc_firewall', service: [], category: 'application' } },
  { all: ['Channel', 'EventID'], where: { Channel: /./ }, source: of('windows') },
  { all: ['Channel', 'Provider_Name'], where: { Channel: /./ }, source: of('windows') },

  // Amazon: the record, alone or in an event of EventBridge.
  { all: ['eventSource', 'eventName'], where: { eventSource: /\.amazonaws\.com$/i }, source: of('aws', 'cloudtrail') },
  { all: ['eventName', 'awsRegion'], source: of('aws', 'cloudtrail') },
  { all: ['eventName', 'userIdentity.type'], source: of('aws', 'cloudtrail') },

  // Azure: diagnostic settings (`category`), tables of Log Analytics (`Type`), Microsoft Graph.
  { ...azureLog, where: { category: activityCategories }, source: of('azure', 'activitylogs') },
  { ...azureLog, where: { category: signInCategories }, source: of('azure', 'signinlogs') },
  {
    all: ['operationName', 'category', 'properties.loggedByService'],
    where: { category: /^AuditLogs$/i, 'properties.loggedByService': /^PIM$/i },
    source: of('azure', 'auditlogs', 'pim'),
  },
  { ...azureLog, where: { category: /^AuditLogs$/i }, source: of('azure', 'auditlogs') },
  { ...azureLog, where: { category: riskCategories }, source: of('azure', 'riskdetection', 'pim') },
  { all: ['riskEventType'], source: of('azure', 'riskdetection', 'pim') },
  { all: ['OperationNameValue', 'CategoryValue'], source: of('azure', 'activitylogs') },
  { all: ['Type', 'OperationName'], where: { Type: /^AzureActivity$/ }, source: of('azure', 'activitylogs') },
  { all: ['Type', 'OperationName'], where: { Type: /^AuditLogs$/ }, source: of('azure', 'auditlogs') },
  { all: ['Type', 'OperationName'], where: { Type: /^(?:AAD\w*)?SigninLogs$/i }, source: of('azure', 'signinlogs') },
  { all: ['operationName', 'callerIpAddress', 'resourceId'], source: of('azure', 'activitylogs') },
  { all: ['operationName', 'authorization.action'], source: of('azure', 'activitylogs') },
  {
    all: ['LoggedByService', 'OperationName'],
    where: { LoggedByService: /^PIM$/i },
    source: of('azure', 'auditlogs', 'pim'),
  },
  {
    all: ['loggedByService', 'activityDisplayName'],
    where: { loggedByService: /^PIM$/i },
    source: of('azure', 'auditlogs', 'pim'),
  },
  { all: ['LoggedByService', 'OperationName'], source: of('azure', 'auditlogs') },
  { all: ['loggedByService', 'activityDisplayName'], source: of('azure', 'auditlogs') },
  {
    all: ['appDisplayName', 'userPrincipalName'],
    some: ['conditionalAccessStatus', 'clientAppUsed', 'status.errorCode'],
    source: of('azure', 'signinlogs'),
  },
  {
    all: ['ResultType', 'UserPrincipalName'],
    some: ['AppDisplayName', 'ClientAppUsed', 'ConditionalAccessStatus', 'ResourceDisplayName'],
    source: of('azure', 'signinlogs'),
  },
  { all: ['operationName', 'callerIpAddress'], source: { product: 'azure', category: [] } },

  // Google: audit logs of the cloud, as entries, in Pub/Sub's `data`, or in ECS; reports of Workspace.
  ...['protoPayload', 'data.protoPayload'].flatMap((payload): ObjectKind[] => [
    {
      all: [`${payload}.serviceName`],
      where: { [`${payload}.serviceName`]: /^admin\.googleapis\.com$/ },
      source: of('gcp', 'gcp.audit', 'google_workspace.admin'),
    },
    {
      all: [`${payload}.serviceName`],
      where: { [`${payload}.serviceName`]: /^login\.googleapis\.com$/ },
      source: of('gcp', 'gcp.audit', 'google_workspace.login'),
    },
    {
      all: [],
      some: [`${payload}.methodName`, `${payload}.serviceName`, `${payload}.@type`, `${payload}.logName`],
      source: of('gcp', 'gcp.audit'),
    },
  ]),
  {
    all: [],
    some: ['gcp.audit.method_name', 'gcp.audit.service_name', 'gcp.audit.type'],
    source: of('gcp', 'gcp.audit'),
  },
  {
    all: ['eventService'],
    where: { eventService: /^admin\.googleapis\.com$/ },
    source: of('gcp', 'google_workspace.admin'),
  },
  {
    all: ['eventService'],
    where: { eventService: /^login\.googleapis\.com$/ },
    source: of('gcp', 'google_workspace.login'),
  },
  {
    all: ['id.applicationName', 'id.uniqueQualifier'],
    where: { 'id.applicationName': /^admin$/ },
    source: of('gcp', 'google_workspace.admin'),
  },
  {
    all: ['id.applicationName', 'id.uniqueQualifier'],
    where: { 'id.applicationName': /^login$/ },
    source: of('gcp', 'google_workspace.login'),
  },

  // Microsoft 365: the unified audit log, and alerts of Defender for Cloud Apps and the compliance centre.
  {
    all: ['Operation', 'Workload'],
    where: { Workload: /^Exchange$/i },
    source: of('m365', 'audit', 'exchange'),
  },
  {
    all: ['Operation', 'Workload'],
    where: { Workload: /^(?:SecurityComplianceCenter|ThreatIntelligence)$/i },
    source: of('m365', 'audit', 'threat_management', 'threat_detection'),
  },
  { all: ['Operation', 'Workload'], source: of('m365', 'audit') },
  { all: ['Operation', 'RecordType', 'CreationTime'], source: of('m365', 'audit') },
  {
    all: ['eventSource', 'eventName', 'status'],
    where: { eventSource: /^(?:SecurityComplianceCenter|Exchange|Microsoft\w*|Office365)$/i },
    source: of('m365', 'threat_management', 'threat_detection', 'exchange'),
  },

  // Who signs people in.
  {
    all: ['eventType'],
    some: ['legacyEventType', 'debugContext.debugData.requestUri', 'displayMessage', 'actor.alternateId'],
    source: of('okta', 'okta'),
  },
  {
    all: ['event_type_id'],
    some: ['account_id', 'user_id', 'actor_user_id', 'user_name', 'notes'],
    source: of('onelogin', 'onelogin.events'),
  },
  {
    all: ['event_type', 'factor'],
    some: ['txid', 'application.key', 'application.name', 'access_device.ip', 'auth_device.ip'],
    source: of('cisco', 'duo'),
  },

  // Where code lives, and where it runs.
  {
    all: ['action', 'actor'],
    some: ['org', 'repo', 'business', 'org_id', '_document_id', 'actor_location.country_code'],
    where: { action: /^[a-z_]+\.[a-z_.]+$/ },
    source: of('github', 'audit'),
  },
  { all: ['auditType.action', 'auditType.category'], source: of('bitbucket', 'audit') },
  {
    all: ['verb'],
    some: ['auditID', 'requestURI', 'objectRef.resource'],
    source: { product: 'kubernetes', service: 'audit', category: 'application' },
  },

  // Others.
  { all: ['logtype', 'node_id'], source: { product: 'opencanary', service: [], category: 'application' } },
  { all: [], some: ['host.scan.vuln', 'host.scan.vuln_name'], source: of('qualys') },
  {
    all: [],
    some: ['netflow.exporter.address', 'netflow.type', 'netflow.bytes'],
    source: { service: 'netflow', category: [] },
  },
  {
    all: ['devid', 'logid', 'type'],
    where: { type: /^"?traffic"?$/ },
    source: { product: ['fortigate', 'fortios'], service: 'traffic', category: 'firewall' },
  },
  {
    all: ['devid', 'logid', 'type'],
    where: { type: /^"?event"?$/ },
    source: { product: ['fortigate', 'fortios'], service: 'event', category: [] },
  },
  {
    all: ['devid', 'logid', 'type'],
    source: { product: ['fortigate', 'fortios'], category: [] },
    serviceField: 'type',
  },
];

interface Candidate {
  readonly source: LogSource;
  readonly tests: readonly { readonly slot: number; readonly pattern: RegExp }[];
  readonly serviceSlot: number;
  readonly names: LogSourceNames;
}

const candidatesByShape = new WeakMap<EventShape, readonly Candidate[]>();

/** What an object is, by its members; null for one that nobody knows. Which kinds come into question is found once a shape. */
export function objectSource(shape: EventShape, values: readonly (FieldValue | undefined)[]): LogSource | null {
  let candidates = candidatesByShape.get(shape);
  if (!candidates) {
    // What names a channel is of an event log, of which the channel tells more.
    const all = shape.channelSlot < 0 ? [...kinds, ...hostKinds, unnamedProcess] : kinds;
    candidatesByShape.set(shape, (candidates = all.flatMap((kind) => candidateOf(kind, shape))));
  }
  for (const { source, tests, serviceSlot, names } of candidates) {
    if (!tests.every(({ slot, pattern }) => isLike(values[slot], pattern))) continue;
    const service = serviceSlot < 0 ? undefined : values[serviceSlot];
    return typeof service === 'string' ? LogSource.of({ ...names, service }) : source;
  }
  return null;
}

function candidateOf({ all, some, where = {}, source, serviceField }: ObjectKind, shape: EventShape): Candidate[] {
  const has = (name: string) => shape.slotOf(name) >= 0;
  if (!all.every(has) || some?.some(has) === false) return [];
  const tests = Object.entries(where).map(([name, pattern]) => ({ slot: shape.slotOf(name), pattern }));
  const serviceSlot = serviceField === undefined ? -1 : shape.slotOf(serviceField);
  return [{ source: LogSource.of(source), tests, serviceSlot, names: source }];
}

function isLike(value: FieldValue | undefined, pattern: RegExp): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'object') return value.some((entry) => isLike(entry, pattern));
  return pattern.test(String(value));
}
