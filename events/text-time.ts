import { foldFieldName, type FieldValue } from './event.js';
import { parseLogTime } from './time.js';

/** Columns that hold a whole time stamp, the best first. */
const timeNames = [
  '@timestamp', 'timestamp', '_time', 'x-timestamp', 'eventtime', 'event_time', 'datetime', 'date-time', 'timecreated',
  'timegenerated', 'generatedtime', 'detectiontime', 'detectedat', 'detectedtime', 'detected', 'receivetime', 'receive_time',
  'logtime', 'log_time', 'utctime', 'localtime', 'gmttime', 'x-localtime', 'start', 'rt', 'devtime', 'time', 'date',
]; // prettier-ignore

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const clock = /(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/.source;
const apache = new RegExp(`^\\[?(\\d\\d)/([a-z]{3})/(\\d{4}):${clock}(?: ([+-]\\d{4}))?\\]?$`, 'i');
const wordy = new RegExp(`^([a-z]{3}) +(\\d{1,2}),? +(\\d{4}),? +${clock}$`, 'i');
const slashed = new RegExp(`^(\\d{4})/(\\d\\d)/(\\d\\d)[ T]${clock}$`);
const dotted = new RegExp(`^(\\d\\d)\\.(\\d\\d)\\.(\\d{4}),? ${clock}$`);

/**
 * Milliseconds since 1970 of a time stamp in a text log, or null: what `parseLogTime` takes, `26/Jul/2026:10:00:00
 * +0200`, `Jul 26 2026 10:00:00`, `2026/07/26 10:00:00`, `26.07.2026 10:00:00`, digits for seconds. Without a zone it is
 * UTC. What could be day and month or month and day (`07/08/2026`) is none.
 */
export function parseTextTime(text: string): number | null {
  if (text.length > 40) return null;
  if (/^\d{9,13}(?:\.\d{1,6})?$/.test(text)) return parseLogTime(Number(text));
  const known = parseLogTime(text);
  if (known !== null) return known;
  let match = apache.exec(text);
  if (match) return at(match[3], monthOf(match[2]), match[1], match.slice(4), match[8]);
  match = wordy.exec(text);
  if (match) return at(match[3], monthOf(match[1]), match[2]?.padStart(2, '0'), match.slice(4));
  match = slashed.exec(text);
  if (match) return at(match[1], match[2], match[3], match.slice(4));
  match = dotted.exec(text);
  return match ? at(match[3], match[2], match[1], match.slice(4)) : null;
}

function monthOf(name = ''): string {
  return String(months.indexOf(name.toLowerCase()) + 1).padStart(2, '0');
}

function at(
  year = '',
  month = '',
  day = '',
  [h = '', m = '', s = '', f]: (string | undefined)[],
  zone?: string,
): number | null {
  const fraction = f === undefined ? '' : `.${f.slice(0, 3)}`;
  const offset = zone === undefined ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const ms = Date.parse(`${year}-${month}-${day}T${h}:${m}:${s}${fraction}${offset}`);
  return Number.isNaN(ms) ? null : ms;
}

/** Where rows with these columns say when: from one column, or from `date` and `time` together. */
export function timeReader(names: readonly string[]): (values: readonly (FieldValue | undefined)[]) => number | null {
  const folded = names.map(foldFieldName);
  const [date, time] = [folded.indexOf('date'), folded.indexOf('time')];
  const slots = timeNames.map((name) => folded.indexOf(name)).filter((slot) => slot >= 0);
  return (values) => {
    if (date >= 0 && time >= 0) {
      const both = parseTextTime(`${textOf(values[date])} ${textOf(values[time])}`);
      if (both !== null) return both;
    }
    for (const slot of slots) {
      const ms = parseTextTime(textOf(values[slot]));
      if (ms !== null) return ms;
    }
    return null;
  };
}

function textOf(value: FieldValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
