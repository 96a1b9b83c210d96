import type { Fact } from './observation.js';

const entryStart = /^(?:"((?:[^"\\]|\\.){0,16383})"|@)=(.*)$/;

/**
 * The keys and values of a .reg file (REGEDIT4, or version 5 in UTF-16), line by line: a value's facts are its key with its
 * name behind, and its data as text. Data over several lines end in `\`; texts in hexadecimal are decoded.
 */
export class RegistryExport {
  #key = '';
  /** A value whose data go on in the next line; its lines are joined once, at its end. */
  #open: { readonly name: string; readonly parts: string[]; length: number; readonly line: number } | null = null;

  /** Null for a line that ends nothing. `line` of the answer is where the value began. */
  push(text: string, line: number): { readonly facts: readonly Fact[]; readonly line: number } | null {
    if (this.#open !== null) return this.#goOn(text.trim());
    const key = /^\[-?(.{1,4096})\]$/.exec(text)?.[1];
    if (key !== undefined) {
      this.#key = key;
      return { facts: keyFacts(key, ''), line };
    }
    const [, name, data] = entryStart.exec(text) ?? [];
    if (data === undefined) return null;
    this.#open = { name: unescape(name ?? ''), parts: [], length: 0, line };
    return this.#goOn(data.trim());
  }

  #goOn(part: string): { readonly facts: readonly Fact[]; readonly line: number } | null {
    if (this.#open === null) return null;
    const { name, parts, line } = this.#open;
    this.#open.length += part.length;
    const isHex = (parts[0] ?? part).startsWith('hex');
    if (isHex && part.endsWith('\\') && this.#open.length < maxDataLength) {
      parts.push(part.slice(0, -1));
      return null;
    }
    this.#open = null;
    const facts = keyFacts(this.#key, name);
    for (const value of textsOf(parts.join('') + part)) facts.push({ kind: 'text', name: 'data', value });
    return { facts, line };
  }
}

/** Longer data are taken in parts. */
const maxDataLength = 4 * 1024 * 1024;

function keyFacts(key: string, name: string): Fact[] {
  const value = name === '' ? key : `${key}\\${name}`;
  return [
    { kind: 'registry-key', name: 'key', value },
    { kind: 'text', name: 'key', value },
  ];
}

function textsOf(data: string): string[] {
  const quoted = /^"(.*)"$/s.exec(data)?.[1];
  if (quoted !== undefined) return [unescape(quoted)];
  const [, type, digits = ''] = /^hex(?:\(([0-9a-f]{1,8})\))?:(.*)$/is.exec(data) ?? [];
  const bytes = Buffer.from(digits.replace(/[^0-9a-f]/gi, ''), 'hex');
  if (bytes.length === 0) return [];
  const wide = bytes.toString('utf16le').split('\0');
  const texts =
    type === '2' || type === '7' || type === '1' ? wide : [...wide, ...bytes.toString('latin1').split('\0')];
  return texts.filter((text) => text.length > 2);
}

function unescape(text: string): string {
  return text.replace(/\\(["\\])/g, '$1');
}
