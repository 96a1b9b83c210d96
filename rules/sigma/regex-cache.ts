import { RE2JS } from 're2js';

/** Each expression may grow an automaton of 8 MiB on hostile text, so that only so many are kept. */
export const maxCompiled = 32;

const compiled = new Map<string, RE2JS>();

/**
 * Whether the expression is found in the text, in time linear in the text. The expression must be one that compiles.
 */
export function isFound(source: string, flags: number, text: string): boolean {
  const key = `${flags} ${source}`;
  let regex = compiled.get(key);
  if (regex) compiled.delete(key);
  else regex = RE2JS.compile(source, flags);
  compiled.set(key, regex);
  for (const oldest of compiled.keys()) {
    if (compiled.size <= maxCompiled) break;
    compiled.delete(oldest);
  }
  return regex.test(text);
}
