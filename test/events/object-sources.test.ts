import { expect, test } from 'vitest';
import type { Json } from '../../base/json.js';
import { EventShape } from '../../events/event.js';
import { jsonFields } from '../../events/json-fields.js';
import { objectSource } from '../../events/object-sources.js';
import { knownSources } from '../../rules/sigma/known-sources.js';
import { reachOf } from '../../rules/sigma/reach.js';

type Sample = readonly [told: string | null, object: Readonly<Record<string, Json>>];

/** Objects with the members that the makers' own documents show, as short as they still tell. */
const samples: readonly Sample[] = [
  [
    'product=aws, service=cloudtrail',
    {
      eventVersion: '1.08',
      eventSource: 's3.amazonaws.com',
      eventName: 'GetObject',
      userIdentity: { type: 'IAMUser' },
    },
  ],
  ['product=aws, service=cloudtrail', { eventName: 'StopLogging', awsRegion: 'us-east-1' }],
  [
    'product=azure, service=activitylogs',
    {
      time: 't',
      resourceId: '/SUBSCRIPTIONS/1',
      operationName: 'MICROSOFT.KEYVAULT/VAULTS/DELETE',
      category: 'Administrative',
    },
  ],
  ['product=azure, service=activitylogs', { OperationNameValue: 'x', CategoryValue: 'Policy', Caller: 'a' }],
  [
    'product=azure, service=signinlogs',
    { operationName: 'Sign-in activity', category: 'NonInteractiveUserSignInLogs' },
  ],
  [
    'product=azure, service=signinlogs',
    { id: '1', appDisplayName: 'Portal', userPrincipalName: 'a@b.example', status: { errorCode: 0 } },
  ],
  ['product=azure, service=auditlogs', { operationName: 'Add user', category: 'AuditLogs' }],
  ['product=azure, service=auditlogs', { activityDisplayName: 'Add user', loggedByService: 'Core Directory' }],
  ['product=azure, service=auditlogs|pim', { activityDisplayName: 'Add member', loggedByService: 'PIM' }],
  [
    'product=azure, service=riskdetection|pim',
    { riskEventType: 'unfamiliarFeatures', userPrincipalName: 'a@b.example' },
  ],
  ['product=azure', { operationName: 'List keys', callerIpAddress: '203.0.113.1' }],
  ['product=gcp, service=gcp.audit', { protoPayload: { serviceName: 'iam.googleapis.com', methodName: 'x' } }],
  ['product=gcp, service=gcp.audit', { gcp: { audit: { method_name: 'x' } } }],
  [
    'product=gcp, service=gcp.audit|google_workspace.admin',
    { protoPayload: { serviceName: 'admin.googleapis.com', methodName: 'x' } },
  ],
  [
    'product=gcp, service=gcp.audit|google_workspace.login',
    { protoPayload: { serviceName: 'login.googleapis.com', methodName: 'x' } },
  ],
  ['product=gcp, service=google_workspace.admin', { eventService: 'admin.googleapis.com', eventName: 'CREATE_USER' }],
  ['product=gcp, service=google_workspace.login', { id: { applicationName: 'login', uniqueQualifier: '1' } }],
  ['product=m365, service=audit', { Operation: 'UserLoggedIn', Workload: 'AzureActiveDirectory', RecordType: 15 }],
  ['product=m365, service=audit|exchange', { Operation: 'New-InboxRule', Workload: 'Exchange' }],
  [
    'product=m365, service=threat_management|threat_detection|exchange',
    { eventSource: 'SecurityComplianceCenter', eventName: 'Ransomware activity', status: 'success' },
  ],
  [
    'product=okta, service=okta',
    { eventType: 'user.session.start', displayMessage: 'x', outcome: { result: 'SUCCESS' } },
  ],
  ['product=onelogin, service=onelogin.events', { event_type_id: 5, account_id: 1, user_name: 'a' }],
  ['product=cisco, service=duo', { event_type: 'authentication', factor: 'bypass_code', txid: 'x' }],
  ['product=github, service=audit', { action: 'repo.destroy', actor: 'a', org: 'o', created_at: 1 }],
  ['product=bitbucket, service=audit', { auditType: { action: 'Project created', category: 'Projects' } }],
  [
    'product=kubernetes, service=audit, category=application',
    { kind: 'Event', auditID: 'x', verb: 'create', objectRef: { resource: 'pods' } },
  ],
  ['product=opencanary, category=application', { logtype: 4002, node_id: 'c-1', src_host: '203.0.113.1' }],
  ['product=rpc_firewall, category=application', { EventLog: 'RPCFW', EventID: 3, InterfaceUuid: 'x', OpNum: 1 }],
  ['product=qualys', { host: { scan: { vuln: 10693 } } }],
  ['service=netflow', { netflow: { type: 'netflow_flow' }, destination: { port: 23 } }],
  ['product=zeek, service=dns, category=dns', { _path: 'dns', ts: 1, query: 'a.example' }],
  ['product=zeek, service=ssh', { _path: 'ssh', ts: 1, uid: 'C1' }],
  ['product=zeek', { ts: 1, uid: 'C1', 'id.orig_h': '203.0.113.1', 'id.resp_h': '203.0.113.2' }],
  ['product=fortigate|fortios, service=event', { devid: 'FG1', logid: '0100044546', type: 'event', action: 'Edit' }],
  ['product=fortigate|fortios, service=traffic, category=firewall', { devid: 'FG1', logid: '1', type: 'traffic' }],
  ['product=fortigate|fortios, service=utm', { devid: 'FG1', logid: '1', type: 'utm' }],
  ['product=windows', { Channel: 'Security', EventID: 4624 }],
  ['product=linux, service=sysmon', { Channel: 'Linux-Sysmon/Operational', EventID: 1, CommandLine: 'find /' }],
  ['product=linux, category=process_creation', { Image: '/usr/bin/find', CommandLine: 'find /' }],
  ['product=linux, category=process_creation', { CommandLine: 'find /' }],
  ['product=macos, category=process_creation', { Image: '/Applications/x.app/Contents/MacOS/x', CommandLine: 'x' }],
  ['product=macos, category=process_creation', { CommandLine: 'find /', host: { os: { type: 'macos' } } }],
  ['product=windows, category=process_creation', { Image: 'C:\\Windows\\find.exe', CommandLine: 'find /' }],
  ['product=windows, category=process_creation', { process: { executable: 'C:\\a.exe', command_line: 'a' } }],
  ['product=macos, category=file_event', { TargetFilename: '/Library/LaunchDaemons/x.plist', Image: 'x' }],
  ['product=linux, category=network_connection', { Image: 'x', DestinationIp: '203.0.113.1', os: 'Linux' }],
  [null, { Channel: 'Mine', CommandLine: 'find /' }],
  [null, { action: 'repo.destroy', channel: 'web' }],
  [null, { eventName: 'X', responseElements: { ok: true } }],
  [null, { message: 'hello' }],
  [null, {}],
];

const sourceOf = (object: Sample[1]) => {
  const { fields } = jsonFields(object);
  return objectSource(new EventShape([...fields.keys()]), [...fields.values()]);
};

test.each(samples)('%s: %j', (told, object) => {
  expect(sourceOf(object)?.toString() ?? null).toBe(told);
});

test('every source that the table says objects tell has an object here', () => {
  const told = samples.map(([, object]) => sourceOf(object));
  const untold = knownSources.filter(
    (row) => row.evidence === 'object' && !told.some((source) => source && reachOf(row, source) === 'always'),
  );
  expect(untold).toEqual([]);
});

test('objects of one shape are told apart by their values', () => {
  const shape = new EventShape(['operationName', 'category']);
  const service = (category: string) => objectSource(shape, ['x', category])?.names.service;
  expect([service('AuditLogs'), service('SignInLogs'), service('Unheard')]).toEqual([
    ['auditlogs'],
    ['signinlogs'],
    undefined,
  ]);
});
