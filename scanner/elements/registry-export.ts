import type { Fact } from './observation.js';
import { HexBytes } from './hex-bytes.js';

const entryStart = /^(?:"((?:[^"\\]|\\.){0,16383})"|@)=(.*)$/;
const hexStart = /^hex(?:\(([0-9a-f]{1,8})\))?:/i;

/** Bytes of one value that are searched together. Longer values are searched in parts of this size. */
const maxPartLength = 1024 * 1024;
/** Bytes that two neighbouring parts share, so that a text at their border is whole in one of them. */
const overlap = 4096;

/** A value in hexadecimal whose data go on in the next line. */
interface OpenValue {
  readonly name: string;
  readonly type: string | undefined;
  readonly bytes: HexBytes;
  readonly line: number;
}

/**
 * The keys and values of a .reg file (REGEDIT4, or version 5 in UTF-16), line by line: a value's facts are its key with its
 * name behind, and its data as text. Data over several lines end in `\`; texts in hexadecimal are decoded.
 *
 * The work is linear in the input and the memory is bounded: digits become bytes line by line, in one buffer, and what is
 * longer than 1 MiB is answered in parts, each with the facts of the key (test/slow/hostile-doubling).
 */
export class RegistryExport {
  #key = '';
  #open: OpenValue | null = null;

  /** Null for a line that ends nothing. `line` of the answer is where the value began. */
  push(text: string, line: number): { readonly facts: readonly Fact[]; readonly line: number } | null {
    if (this.#open !== null) return this.#goOn(this.#open, text.trim());
    const key = /^\[-?(.{1,4096})\]$/.exec(text)?.[1];
    if (key !== undefined) {
      this.#key = key;
      return { facts: keyFacts(key, ''), line };
    }
    const [, rawName = '', rawData] = entryStart.exec(text) ?? [];
    if (rawData === undefined) return null;
    const name = unescape(rawName);
    const data = rawData.trim();
    const hex = hexStart.exec(data);
    if (hex !== null) {
      const open = { name, type: hex[1], bytes: new HexBytes(), line };
      return this.#goOn(open, data.slice(hex[0].length));
    }
    const quoted = /^"(.*)"$/s.exec(data)?.[1];
    return { facts: this.#facts(name, quoted === undefined ? [] : [unescape(quoted)]), line };
  }

  #goOn(open: OpenValue, digits: string): { readonly facts: readonly Fact[]; readonly line: number } | null {
    const { name, type, bytes, line } = open;
    const goesOn = digits.endsWith('\\');
    bytes.push(digits);
    this.#open = goesOn ? open : null;
    if (goesOn && bytes.length < maxPartLength) return null;
    const facts = this.#facts(name, textsOf(bytes.view, type));
    // An even count: the code units of UTF-16 stay where they are.
    if (goesOn) bytes.keepLast(overlap + (bytes.length % 2));
    return { facts, line };
  }

  #facts(name: string, texts: readonly string[]): Fact[] {
    return [...keyFacts(this.#key, name), ...texts.map((value): Fact => ({ kind: 'text', name: 'data', value }))];
  }
}

function keyFacts(key: string, name: string): Fact[] {
  const value = name === '' ? key : `${key}\\${name}`;
  return [
    { kind: 'registry-key', name: 'key', value },
    { kind: 'text', name: 'key', value },
  ];
}

/** REG_SZ, REG_EXPAND_SZ and REG_MULTI_SZ are UTF-16; other data may be texts of either width. */
function textsOf(bytes: Buffer, type: string | undefined): string[] {
  const wide = bytes.toString('utf16le').split('\0');
  const texts =
    type === '2' || type === '7' || type === '1' ? wide : [...wide, ...bytes.toString('latin1').split('\0')];
  return texts.filter((text) => text.length > 2);
}

function unescape(text: string): string {
  return text.replace(/\\(["\\])/g, '$1');
}
