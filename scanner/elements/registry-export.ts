import type { Fact } from './observation.js';

const entryStart = /^(?:"((?:[^"\\]|\\.){0,16383})"|@)=(.*)$/;

/**
 * The keys and values of a .reg file (REGEDIT4, or version 5 in UTF-16), line by line: a value's facts are its key with its
 * name behind, and its data as text. Data over several lines end in `\`; texts in hexadecimal are decoded.
 */
export class RegistryExport {
  #key = '';
  /** A value whose data go on in the next line. */
  #open: { readonly name: string; data: string; readonly line: number } | null = null;

  /** Null for a line that ends nothing. `line` of the answer is where the value began. */
  push(text: string, line: number): { readonly facts: readonly Fact[]; readonly line: number } | null {
    if (this.#open !== null) {
      this.#open.data += text.trim();
      return this.#endUnlessOpen();
    }
    const key = /^\[-?(.{1,4096})\]$/.exec(text)?.[1];
    if (key !== undefined) {
      this.#key = key;
      return { facts: keyFacts(key, ''), line };
    }
    const [, name, data] = entryStart.exec(text) ?? [];
    if (data === undefined) return null;
    this.#open = { name: unescape(name ?? ''), data: data.trim(), line };
    return this.#endUnlessOpen();
  }

  #endUnlessOpen(): { readonly facts: readonly Fact[]; readonly line: number } | null {
    if (this.#open === null) return null;
    const { name, data, line } = this.#open;
    if (data.endsWith('\\') && data.startsWith('hex') && data.length < maxDataLength) {
      this.#open.data = data.slice(0, -1);
      return null;
    }
    this.#open = null;
    const facts = keyFacts(this.#key, name);
    for (const value of textsOf(data)) facts.push({ kind: 'text', name: 'data', value });
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
