import type { LogClock } from './log-clock.js';
import { LogSource } from './log-source.js';
import { type LineEvent, lineOf } from './text-log.js';
import { parseTextTime } from './text-time.js';

/** Which framework wrote it, nobody can tell from a line. */
const application = LogSource.of({ service: [], category: 'application' });
const rails = LogSource.of({ product: ['ruby_on_rails', 'ruby'], service: [], category: 'application' });

const level =
  /(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL|ALERT|EMERGENCY|CONFIG|FINE|FINER|FINEST)/.source;
const iso = /\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?/.source;
const dashed = /\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?/.source;
const slashed = /\d\d\/[A-Z][a-z]{2}\/\d{4}[: ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: [+-]\d{4})?/.source;
const stamped = new RegExp(`^\\[?(${iso}|${dashed}|${slashed})\\]?([^"'{]{0,160}?[\\s[\\](|:.-])${level}(?=[\\s\\]):|,.-]|$)[\\])]?`); // prettier-ignore
const leveled = new RegExp(`^\\[?${level}\\]?(?::|\\s+\\[| {1,5}(?:${iso}|\\d{4}-))`);
const ruby = /^([DIWEFAU]), \[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}) #(\d{1,10})\] +(DEBUG|INFO|WARN|ERROR|FATAL|ANY) -- (.{0,200}?): /; // prettier-ignore
const java = /^([A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M) (\S{1,255}) (\S{1,255})$/;

/** What goes on with the record before it. */
const going = /^(?:\s+\S|Caused by: |Traceback \(most recent call last\):|\.\.\. \d+ more|During handling of the above|The above exception was|Suppressed: )/; // prettier-ignore
const thrown = /^(?:[\w$]{1,100}\.){0,12}[A-Z]\w{0,100}(?:Exception|Error|Warning|Interrupt|Exit|Throwable)\b/;

/**
 * The first line of a record of an application: Log4j, Logback, Spring, Tomcat, java.util.logging, Python's logging, gunicorn,
 * Rails, and whatever else writes a time and a level. `level`, `logger` where it is plain, `message`.
 */
export function parseApplicationLine(line: string, { local }: LogClock): LineEvent | null {
  const match = stamped.exec(line);
  if (match !== null) {
    const [head, time = '', , word] = match;
    const message = line.slice(head.length).replace(/^[\s\]):|-]+/, '');
    return { ...lineOf([['level', word], ['message', message]], parseTextTime(time, local), application), goesOn: true }; // prettier-ignore
  }
  const written = ruby.exec(line);
  if (written !== null) {
    const [head, , time = '', pid, word, program] = written;
    const fields = [['level', word], ['pid', pid], ['program', program || null], ['message', line.slice(head.length)]] as const; // prettier-ignore
    return { ...lineOf(fields, parseTextTime(time, local), rails), goesOn: true };
  }
  const logged = java.exec(line);
  if (logged !== null) {
    const [, time = '', logger, method] = logged;
    return { ...lineOf([['logger', logger], ['method', method], ['message', line]], parseJavaTime(time, local), application), goesOn: true }; // prettier-ignore
  }
  const [, word] = leveled.exec(line) ?? [];
  if (word === undefined) return null;
  return {
    ...lineOf(
      [
        ['level', word],
        ['message', line],
      ],
      null,
      application,
    ),
    goesOn: true,
  };
}

/** Whether a line goes on with a record that may do so. */
export function goesOnWith(line: string): boolean {
  return going.test(line) || thrown.test(line);
}

/** `Nov 24, 2026 10:00:00 AM`. */
function parseJavaTime(time: string, zone: LogClock['local']): number | null {
  const [, date = '', hour = '', rest = '', half] = /^(.*) (\d{1,2})(:\d\d:\d\d) ([AP]M)$/.exec(time) ?? [];
  return parseTextTime(`${date} ${(Number(hour) % 12) + (half === 'PM' ? 12 : 0)}${rest}`, zone);
}
