import { type Facts, isEmptyFact, textsOf } from './fact-value.js';
import { extensionOf, fileNameOf } from './file-name.js';

/** Microsoft Defender names the kind of each resource before it, and divides several by `; `. */
const resourceStart = /(?:^|;\s*)[a-z]{2,20}:_/i;
const resourceKind = /^[a-z]{2,20}:_/i;
/** Kinds that name what was running, not where a file lies. */
const runningKind = /^(?:amsi|behavior|internalbehavior|process|cmdline):_/i;

/** Works out what the fields do not say by themselves: paths without prefixes, names and extensions of files. */
export function antivirusFacts(facts: Facts): void {
  const paths = textsOf(facts.get('path')).map(withoutScheme).flatMap(resourcesOf);
  if (paths.length > 0) facts.set('path', single(paths));
  else facts.delete('path');
  if (isEmptyFact(facts.get('fileName'))) {
    const names = paths.map(fileNameOf).filter((name) => name !== '');
    if (names.length > 0) facts.set('fileName', single(names));
  }
  const given = textsOf(facts.get('extension'));
  const extensions =
    given.length > 0
      ? given.map((text) => (text.startsWith('.') ? text : `.${text}`).toLowerCase())
      : textsOf(facts.get('fileName')).flatMap((name) => extensionOf(name) ?? []);
  if (extensions.length > 0) facts.set('extension', single(extensions));
}

/** ESET writes paths as URLs. */
function withoutScheme(path: string): string {
  const [, drive, rest] = /^file:\/\/\/([A-Za-z]:)?(.*)$/s.exec(path) ?? [];
  if (rest === undefined) return path;
  return drive === undefined ? `/${rest}` : `${drive}${rest.replaceAll('/', '\\')}`;
}

function resourcesOf(path: string): string[] {
  if (!path.includes(':_') || !resourceStart.test(path)) return [path];
  return path
    .split(/;\s*(?=[a-z]{2,20}:_)/i)
    .filter((resource) => !runningKind.test(resource))
    .map((resource) => resource.replace(resourceKind, ''));
}

function single(texts: readonly string[]): string | readonly string[] {
  return texts.length === 1 ? (texts[0] ?? '') : [...new Set(texts)];
}
