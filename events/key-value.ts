import type { FlatEvent } from './event.js';
import type { ByteSource } from './source.js';
import { type ParsedLine, readLineLog, type TextLogOptions } from './text-log.js';
import { timeReader } from './text-time.js';

/** `key=` at the start of a word. */
const keyStart = /(?:^|[\s,;|])([A-Za-z_@][A-Za-z0-9_.@()-]{0,99})=/g;
const cefHead =
  /CEF:\d\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|((?:[^|\\]|\\.)*)\|/;
const cefNames = ['deviceVendor', 'deviceProduct', 'deviceVersion', 'deviceEventClassId', 'name', 'cefSeverity'];

/** Pairs of one line at most; more are no event. */
export const maxPairs = 1000;

/**
 * The events of a log of `key=value` lines: values bare or in double quotes (`\"` and `""` for a quote in one), divided by blanks,
 * commas, semicolons or tabs; a bare value may hold blanks up to the next key, as in CEF. What stands before the first
 * pair (the head of syslog) is not looked at, but the head of CEF gives fields of its own, and `cs1Label=Name` names the
 * value of `cs1`.
 */
export function readKeyValue(source: ByteSource, options: TextLogOptions): AsyncGenerator<FlatEvent[]> {
  const readers = new Map<string, ReturnType<typeof timeReader>>();
  return readLineLog(source, options, (line): ParsedLine => {
    if (line.startsWith('#')) return null;
    const pairs = pairsOf(line);
    if (pairs.length < 2 || pairs.length > maxPairs) return { expected: `2 to ${maxPairs} pairs of key=value` };
    const names = pairs.map(([name]) => name);
    const values = pairs.map(([, value]) => value);
    const key = names.join('\0');
    const timeOf = readers.get(key) ?? timeReader(names);
    if (readers.size > 1000) readers.clear();
    readers.set(key, timeOf);
    return { names, values, timeMs: timeOf(values) };
  });
}

export function pairsOf(line: string): [string, string][] {
  const head = line.includes('CEF:') ? cefHead.exec(line) : null;
  const pairs: [string, string][] = head
    ? cefNames.map((name, at) => [name, (head[at + 1] ?? '').replace(/\\([|\\])/g, '$1')])
    : [];
  keyStart.lastIndex = head ? head.index + head[0].length : 0;
  if (head) keyStart.lastIndex--; // the last bar divides
  let match = keyStart.exec(line);
  while (match !== null && pairs.length <= maxPairs) {
    const name = match[1] ?? '';
    const from = match.index + match[0].length;
    const quoted = line[from] === '"' ? closingQuote(line, from) : -1;
    if (quoted > 0) keyStart.lastIndex = quoted + 1;
    const next = keyStart.exec(line);
    const value =
      quoted > 0
        ? line.slice(from + 1, quoted).replace(/\\(["\\])|"(")/g, '$1$2')
        : line
            .slice(from, next?.index ?? line.length)
            .replace(/[\s,;]+$/, '')
            .replace(/\\([=\\])/g, '$1');
    pairs.push([name, value]);
    match = next;
  }
  return head ? withLabels(pairs) : pairs;
}

/** The index of the quote that closes the one at `from`, or -1. */
function closingQuote(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') {
      if (line[at + 1] !== '"') return at;
      at++;
    }
  }
  return -1;
}

function withLabels(pairs: readonly [string, string][]): [string, string][] {
  const labels = new Map(
    pairs.flatMap(([name, value]) => (name.endsWith('Label') ? [[name.slice(0, -5), value]] : [])),
  );
  return pairs.flatMap(([name, value]): [string, string][] => {
    const label = labels.get(name);
    return label === undefined
      ? [[name, value]]
      : [
          [name, value],
          [label, value],
        ];
  });
}
