import type { Fault } from './fault.js';

/** The text of a rule file, or the fault that says why it has none. */
export type TextFile = { readonly text: string } | { readonly fault: Fault };

/**
 * Bytes as text: UTF-8 with or without its mark, or UTF-16 that begins with one. Anything else (binary data, UTF-16
 * without a mark, an 8-bit code page) is refused with the place of its first wrong byte. A reader of lines can have NULs kept
 * where they are less than a twentieth of the text, to refuse their lines alone.
 */
export function decodeTextFile(bytes: Uint8Array, file: string, nul: 'refused' | 'kept' = 'refused'): TextFile {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
  try {
    const text = new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(bytes);
    const first = text.indexOf('\0');
    if (first < 0 || (nul === 'kept' && text.split('\0').length * 20 < text.length)) return { text };
    return refuse(file, 'file-binary', 'expected text, got binary data', text.slice(0, first));
  } catch {
    if (utf16 !== null)
      return refuse(file, 'file-encoding', 'expected UTF-16, got a broken pair or half a character', '');
    const before = decodePrefix(bytes);
    const wrong = bytes.subarray(Buffer.byteLength(before))[0] ?? 0;
    if (bytes.includes(0)) return refuse(file, 'file-binary', 'expected text, got binary data', before);
    return refuse(file, 'file-encoding', `expected UTF-8, got byte 0x${wrong.toString(16).padStart(2, '0')}`, before);
  }
}

/** The longest prefix that is UTF-8. */
function decodePrefix(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) {
    const offset = Buffer.byteLength(text.slice(0, at));
    const isWritten = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (!isWritten) return text.slice(0, at);
  }
  return text;
}

function refuse(file: string, code: string, said: string, before: string): TextFile {
  const lines = before.split('\n');
  const place = { file, line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
  return { fault: { code, message: `file: ${said}`, place, severity: 'error' } };
}
