import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const postgresql = LogSource.of({
  product: ['postgresql', 'sql'],
  service: 'postgresql',
  category: ['database', 'application'],
});
const mysql = LogSource.of({ product: ['mysql', 'mariadb', 'sql'], service: 'mysql', category: ['database', 'application'] }); // prettier-ignore

const postgresqlLine =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [A-Z+\-\d:]{1,6})[ :]{1,2}\[(\d{1,10})(?:-\d{1,10})?\](?: (\S{0,64})@(\S{0,64}))?[^:]{0,100}? ?(DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION): {1,2}/;
const mysqlLine =
  /^(\d{4}-\d\d-\d\d[T ] ?\d{1,2}:\d\d:\d\d(?:\.\d{6}Z|\.\d{6}[+-]\d\d:\d\d)?|\d{6} {1,2}\d{1,2}:\d\d:\d\d)(?: (\d{1,20}))? \[(Note|Warning|ERROR|Error|System|Entry)\](?: \[(MY-\d{6})\])?(?: \[(\w{1,40})\])? /;
const mysqlQuery =
  /^(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)|\d{6} {1,2}\d{1,2}:\d\d:\d\d)\s+|\t\t\s*)(\d{1,20}) (Connect|Query|Quit|Init DB|Prepare|Execute|Close stmt|Field List|Change user|Statistics|Ping|Reset stmt)(?:\t|$)/;

/** A line of PostgreSQL's log with its default prefixes: `pid`, `user`, `database`, `level`, `message`. */
export function parsePostgresqlLine(line: string, { local }: LogClock): LineEvent | null {
  const match = postgresqlLine.exec(line);
  if (match === null) return null;
  const [head, time = '', pid, user, database, level] = match;
  const event = lineOf(
    [['pid', pid], ['user', user || null], ['database', database || null], ['level', level], ['message', line.slice(head.length)]],
    parseTextTime(time, local),
    postgresql,
  ); // prettier-ignore
  return { ...event, goesOn: true };
}

/** A line of the error log of MySQL or MariaDB (`level`, `code`, `subsystem`), or of their general log (`thread`, `command`). */
export function parseMysqlLine(line: string, { local }: LogClock): LineEvent | null {
  const match = mysqlLine.exec(line);
  if (match !== null) {
    const [head, time = '', thread, level, code, subsystem] = match;
    const event = lineOf(
      [['thread', thread], ['level', level], ['code', code], ['subsystem', subsystem], ['message', line.slice(head.length)]],
      parseTextTime(wholeTime(time), local),
      mysql,
    ); // prettier-ignore
    return { ...event, goesOn: true };
  }
  const query = mysqlQuery.exec(line);
  if (query === null) return null;
  const [head, time, thread, command] = query;
  const ms = time === undefined ? null : parseTextTime(wholeTime(time), local);
  const event = lineOf([['thread', thread], ['command', command], ['message', line.slice(head.length)]], ms, mysql); // prettier-ignore
  return { ...event, goesOn: true };
}

/** MariaDB writes `2026-11-24  9:05:01` and older ones `261124  9:05:01`. */
function wholeTime(time: string): string {
  return time
    .replace(/^(\d\d)(\d\d)(\d\d) /, '20$1-$2-$3 ')
    .replace(/ {2,}/, ' ')
    .replace(/ (\d):/, ' 0$1:');
}
