import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

const dpkg = LogSource.of({ product: 'linux', service: 'dpkg', category: [] });
const apt = LogSource.of({ product: 'linux', service: 'apt', category: [] });
const alternatives = LogSource.of({ product: 'linux', service: 'alternatives', category: [] });

const acted =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (startup|status|install|upgrade|configure|trigproc|remove|purge|disappear|conffile) (.*)$/;
const changed = /^update-alternatives (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d): (.*)$/;
const history =
  /^(Start-Date|End-Date|Commandline|Requested-By|Install|Reinstall|Upgrade|Downgrade|Remove|Purge|Error): (.*)$/;

/** A line of `dpkg.log`: `action`, `state`, `package`, `version`; of `alternatives.log`: `message`. */
export function parseDpkgLine(line: string, { local }: LogClock): LineEvent | null {
  const match = acted.exec(line);
  if (match !== null) {
    const [, time = '', action = '', rest = ''] = match;
    const words = rest.split(' ');
    const state = action === 'status' ? words.shift() : null;
    const names = action === 'startup' ? [] : [['package', words[0]] as const, ['version', words[1]] as const];
    return lineOf(
      [['action', action], ['state', state], ...names, ['message', rest]],
      parseTextTime(time, local),
      dpkg,
    );
  }
  const [, time, message] = changed.exec(line) ?? [];
  return time === undefined ? null : lineOf([['message', message]], parseTextTime(time, local), alternatives);
}

/** A line of apt's `history.log`; its `Commandline` is `CommandLine` too. */
export function parseAptLine(line: string, { local }: LogClock): LineEvent | null {
  const [, name, value = ''] = history.exec(line) ?? [];
  if (name === undefined) return null;
  const time = name.endsWith('-Date') ? parseTextTime(value.replace(/ {2,}/, ' '), local) : null;
  return lineOf([[name, value], ['CommandLine', name === 'Commandline' ? value : null]], time, apt); // prettier-ignore
}
