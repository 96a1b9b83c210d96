/** The name in a log, and the Sigma name under which its value stands too where the event has no such field. */
export type Alias = readonly [from: string, to: string];

/** Under what name logs call their System fields elsewhere: `Get-WinEvent`, EvtxECmd, hayabusa, NXLog. */
export const plainAliases: readonly Alias[] = [
  ['LogName', 'Channel'],
  ['ProviderName', 'Provider_Name'],
  ['SourceName', 'Provider_Name'],
  ['Provider', 'Provider_Name'],
  ['MachineName', 'Computer'],
  ['Hostname', 'Computer'],
  ['RecordId', 'EventRecordID'],
  ['RecordID', 'EventRecordID'],
  ['EventRecordId', 'EventRecordID'],
  ['RecordNumber', 'EventRecordID'],
  ['EventId', 'EventID'],
];

/** Winlogbeat 7 and 8 (and what else follows the Elastic Common Schema): its `winlog.*` to the Sigma name. */
export const winlogAliases: readonly Alias[] = [
  ['winlog.channel', 'Channel'],
  ['winlog.event_id', 'EventID'],
  ['event.code', 'EventID'],
  ['winlog.provider_name', 'Provider_Name'],
  ['winlog.provider_guid', 'Provider_Guid'],
  ['winlog.computer_name', 'Computer'],
  ['winlog.record_id', 'EventRecordID'],
  ['winlog.version', 'Version'],
  ['winlog.task', 'Task'],
  ['winlog.opcode', 'Opcode'],
  ['winlog.activity_id', 'Correlation_ActivityID'],
  ['winlog.process.pid', 'Execution_ProcessID'],
  ['winlog.process.thread.id', 'Execution_ThreadID'],
  ['winlog.user.identifier', 'Security_UserID'],
];

/**
 * The Elastic Common Schema to the names of Sysmon, as pySigma's pipelines for ECS have them, the other way round: for events
 * that hold no `event_data`.
 */
export const ecsAliases: readonly Alias[] = [
  ['process.command_line', 'CommandLine'],
  ['process.executable', 'Image'],
  ['process.working_directory', 'CurrentDirectory'],
  ['process.pid', 'ProcessId'],
  ['process.entity_id', 'ProcessGuid'],
  ['process.parent.command_line', 'ParentCommandLine'],
  ['process.parent.executable', 'ParentImage'],
  ['process.parent.pid', 'ParentProcessId'],
  ['process.parent.entity_id', 'ParentProcessGuid'],
  ['process.pe.original_file_name', 'OriginalFileName'],
  ['process.pe.company', 'Company'],
  ['process.pe.product', 'Product'],
  ['process.pe.description', 'Description'],
  ['process.pe.file_version', 'FileVersion'],
  ['process.pe.imphash', 'Imphash'],
  ['process.hash.md5', 'md5'],
  ['process.hash.sha1', 'sha1'],
  ['process.hash.sha256', 'sha256'],
  ['file.path', 'TargetFilename'],
  ['dll.path', 'ImageLoaded'],
  ['registry.path', 'TargetObject'],
  ['registry.data.strings', 'Details'],
  ['source.ip', 'SourceIp'],
  ['source.port', 'SourcePort'],
  ['source.domain', 'SourceHostname'],
  ['destination.ip', 'DestinationIp'],
  ['destination.port', 'DestinationPort'],
  ['destination.domain', 'DestinationHostname'],
  ['network.transport', 'Protocol'],
  ['dns.question.name', 'QueryName'],
  ['user.name', 'User'],
  ['host.name', 'Computer'],
  ['powershell.file.script_block_text', 'ScriptBlockText'],
];

/** What an object of the Elastic Common Schema holds at its top, of what {@link ecsAliases} name. */
export const ecsRoots: ReadonlySet<string> = new Set(ecsAliases.map(([from]) => from.slice(0, from.indexOf('.'))));
