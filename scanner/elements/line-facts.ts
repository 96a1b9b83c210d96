import { fileURLToPath } from 'node:url';
import type { Fact } from './observation.js';
import type { LineElement } from './places.js';

/** The facts of one line of a file whose lines are elements. */
export function factsOfLine(element: LineElement, text: string): Fact[] {
  const facts: Fact[] = [{ kind: 'text', name: 'line', value: text }];
  if (element === 'hosts-file')
    for (const host of hostsOfEntry(text)) facts.push({ kind: 'host', name: 'host', value: host });
  if (element === 'resolver-cache')
    for (const host of hostsOfRecord(text)) facts.push({ kind: 'host', name: 'record', value: host });
  if (element === 'recent-file')
    for (const path of pathsOfEntry(text)) facts.push({ kind: 'path', name: 'path', value: path });
  return facts;
}

/** `address name name… # comment` */
function hostsOfEntry(line: string): string[] {
  return line
    .replace(/#.*$/, '')
    .split(/\s+/, 64)
    .filter((word) => word !== '');
}

/** `name ttl IN A address` of unbound and BIND, `Record Name . . . : name` of Windows. */
function hostsOfRecord(line: string): string[] {
  const value = /^ *[^:;]{1,60}? [. ]{2,60}: (\S{1,255})$/.exec(line)?.[1];
  if (value !== undefined) return [value];
  return line
    .replace(/^;[^\n]*$/, '')
    .split(/\s+/, 16)
    .filter((word) => /[.:]/.test(word));
}

/** `file://` URLs of recently-used.xbel and .desktop files, and paths of .viminfo and .lesshst. */
function pathsOfEntry(line: string): string[] {
  const paths: string[] = [];
  for (const [url] of line.matchAll(/file:\/\/[^\s"'<>]{1,4096}/g)) {
    const decoded = url.replaceAll('&amp;', '&');
    try {
      paths.push(fileURLToPath(decoded, { windows: /^file:\/\/\/[A-Za-z]:/.test(decoded) }));
    } catch {
      paths.push(decoded); // as it is: an escape that is none, or a host in front
    }
  }
  const marked = /^(?:> |['`"][0-9A-Z] +\d+ +\d+ +|-?'[0-9A-Z] +\d+ +\d+ +|m [a-z'] \d+ \d+ )(\S.*)$/.exec(line)?.[1];
  return marked === undefined ? paths : [...paths, marked];
}
