import type { FieldValue, Scalar } from '../event.js';
import { EventsError } from '../error.js';

/** Value types of BinXML (MS-EVEN6 section 2.2.12, libevtx documentation section 7.3); arrays carry {@link arrayFlag}. */
export const valueType = {
  null: 0x00,
  string: 0x01,
  ansiString: 0x02,
  int8: 0x03,
  uint8: 0x04,
  int16: 0x05,
  uint16: 0x06,
  int32: 0x07,
  uint32: 0x08,
  int64: 0x09,
  uint64: 0x0a,
  real32: 0x0b,
  real64: 0x0c,
  bool: 0x0d,
  binary: 0x0e,
  guid: 0x0f,
  size: 0x10,
  fileTime: 0x11,
  systemTime: 0x12,
  sid: 0x13,
  hexInt32: 0x14,
  hexInt64: 0x15,
  binXml: 0x21,
} as const;

export const arrayFlag = 0x80;

/** Bytes of one value, 0 where the size varies; undefined types are refused. */
const fixedSizes: readonly (number | undefined)[] = [
  0, 0, 0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 0, 16, 0, 8, 16, 0, 4, 8,
];

/** Windows-1252 where it is not Latin-1, from 0x80 on. Node.js 20 decodes it as Latin-1 throughout. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/**
 * One substitution value as a field: text without trailing NULs, integers as numbers (decimal text beyond 2^53),
 * HexInt and size_t as `0x…`, GUIDs in braces, times as RFC 3339 text, binary as upper-case hex, arrays as lists.
 *
 * @throws EventsError `value-type`, `value-size`
 */
export function readValue(bytes: Buffer, type: number, at: number, size: number): FieldValue {
  if (type === valueType.string) return readText(bytes, at, size);
  if (type === valueType.null) return null;
  if ((type & arrayFlag) !== 0) return readArray(bytes, type & ~arrayFlag, at, size);
  if (size === 0) return isText(type) ? '' : null;
  return readScalar(bytes, type, at, size);
}

function isText(type: number): boolean {
  return type === valueType.string || type === valueType.ansiString || type === valueType.binary;
}

function readScalar(bytes: Buffer, type: number, at: number, size: number): Scalar {
  const fixed = fixedSizes[type];
  if (fixed === undefined) throw new EventsError('value-type', `value: expected a known type, got ${hex(type)}`);
  if (size < fixed)
    throw new EventsError('value-size', `value of type ${hex(type)}: expected ${fixed} bytes, got ${size}`);
  switch (type) {
    case valueType.string:
      return readText(bytes, at, size);
    case valueType.ansiString:
      return readAnsi(bytes, at, size).replace(/\0+$/, '');
    case valueType.int8:
      return bytes.readInt8(at);
    case valueType.uint8:
      return bytes.readUInt8(at);
    case valueType.int16:
      return bytes.readInt16LE(at);
    case valueType.uint16:
      return bytes.readUInt16LE(at);
    case valueType.int32:
      return bytes.readInt32LE(at);
    case valueType.uint32:
      return bytes.readUInt32LE(at);
    case valueType.int64:
      return safeInteger(bytes.readInt32LE(at + 4), bytes.readUInt32LE(at), true);
    case valueType.uint64:
      return safeInteger(bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at), false);
    case valueType.real32:
      return readReal(bytes.readFloatLE(at));
    case valueType.real64:
      return readReal(bytes.readDoubleLE(at));
    case valueType.bool:
      return bytes.readUInt32LE(at) !== 0;
    case valueType.binary:
      return bytes.toString('hex', at, at + size).toUpperCase();
    case valueType.guid:
      return `{${readGuid(bytes, at)}}`;
    case valueType.size:
      return size >= 8 ? readHex64(bytes, at) : readHex32(bytes, at, size);
    case valueType.fileTime:
      return formatTicks(readSeconds(bytes, at), lastTicks, 7);
    case valueType.systemTime:
      return readSystemTime(bytes, at);
    case valueType.sid:
      return readSid(bytes, at, size);
    case valueType.hexInt32:
      return readHex32(bytes, at, size);
    case valueType.hexInt64:
      return readHex64(bytes, at);
    default:
      throw new EventsError('value-type', `value: expected text or a number, got type ${hex(type)}`);
  }
}

function readArray(bytes: Buffer, type: number, at: number, size: number): FieldValue {
  const end = at + size;
  const entries: Scalar[] = [];
  if (type === valueType.string) {
    let start = at;
    for (let next = at; next + 1 < end; next += 2) {
      if (bytes[next] !== 0 || bytes[next + 1] !== 0) continue;
      entries.push(readText(bytes, start, next - start));
      start = next + 2;
    }
    if (start + 1 < end) entries.push(readText(bytes, start, end - start));
  } else if (type === valueType.ansiString) {
    entries.push(...readAnsi(bytes, at, size).replace(/\0$/, '').split('\0'));
  } else if (type === valueType.sid) {
    while (at < end) {
      const sidSize = 8 + 4 * (bytes[at + 1] ?? 0);
      entries.push(readSid(bytes, at, Math.min(sidSize, end - at)));
      at += sidSize;
    }
  } else {
    const width = type === valueType.size ? 8 : fixedSizes[type];
    if (width === undefined || width === 0)
      throw new EventsError('value-type', `array: expected entries of a fixed size, got type ${hex(type)}`);
    if (size % width !== 0)
      throw new EventsError('value-size', `array: expected a multiple of ${width} bytes, got ${size}`);
    for (; at < end; at += width) entries.push(readScalar(bytes, type, at, width));
  }
  if (entries.length === 0) return '';
  return entries.length === 1 && entries[0] !== undefined ? entries[0] : entries;
}

/** UTF-16LE; Windows writes some strings with their terminating NUL, which is no part of the text. */
export function readText(bytes: Buffer, at: number, size: number): string {
  let end = at + (size & ~1);
  while (end > at && bytes[end - 1] === 0 && bytes[end - 2] === 0) end -= 2;
  return end === at ? '' : bytes.toString('utf16le', at, end);
}

function readAnsi(bytes: Buffer, at: number, size: number): string {
  const text = bytes.toString('latin1', at, at + size);
  return text.replace(/[\x80-\x9f]/g, (character) => windows1252.charAt(character.charCodeAt(0) - 0x80));
}

/** Byte of the GUID for each pair of digits: the first three groups are little-endian. */
const guidOrder = [3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15];
const upperDigits = Buffer.from('0123456789ABCDEF', 'latin1');
const guidText = Buffer.alloc(36, '-', 'latin1');

/** Digits in groups of 8-4-4-4-12, upper-case, without braces. Sysmon events have up to four, so this is written for speed. */
export function readGuid(bytes: Buffer, at: number): string {
  let length = 0;
  for (const index of guidOrder) {
    if (index < 0) {
      length++;
      continue;
    }
    const byte = bytes[at + index] ?? 0;
    guidText[length++] = upperDigits[byte >> 4] ?? 0;
    guidText[length++] = upperDigits[byte & 15] ?? 0;
  }
  return guidText.toString('latin1');
}

const secondsTo1970 = 11_644_473_600;
let lastTicks = 0;

/**
 * Whole seconds since 1970 of a FILETIME (100 ns steps since 1601); the rest, in steps, is left in `lastTicks`. Divides
 * by limbs, because the 64 bits do not fit a double.
 */
function readSeconds(bytes: Buffer, at: number): number {
  const low = bytes.readUInt32LE(at);
  const high = bytes.readUInt32LE(at + 4);
  let quotient = Math.floor(high / 1e7);
  let rest = (high - quotient * 1e7) * 65536 + (low >>> 16);
  let digit = Math.floor(rest / 1e7);
  quotient = quotient * 65536 + digit;
  rest = (rest - digit * 1e7) * 65536 + (low & 0xffff);
  digit = Math.floor(rest / 1e7);
  lastTicks = rest - digit * 1e7;
  return quotient * 65536 + digit - secondsTo1970;
}

/** @returns milliseconds since 1970, with the fraction that a FILETIME has */
export function readFileTimeMs(bytes: Buffer, at: number): number {
  return readSeconds(bytes, at) * 1000 + lastTicks / 1e4;
}

/** RFC 3339 text of a FILETIME with `digits` of the second's fraction, cut and not rounded. */
export function readFileTime(bytes: Buffer, at: number, digits: 6 | 7): string {
  const seconds = readSeconds(bytes, at);
  return formatTicks(seconds, lastTicks, digits);
}

let formattedSecond = NaN;
let formattedText = '';

/** Consecutive events mostly fall into the same second, whose text is kept. */
function formatTicks(seconds: number, ticks: number, digits: number): string {
  if (seconds !== formattedSecond) {
    formattedText = new Date(seconds * 1000).toISOString().slice(0, -4);
    formattedSecond = seconds;
  }
  const fraction = String(ticks + 1e7);
  return `${formattedText}${fraction.slice(1, 1 + digits)}Z`;
}

function readSystemTime(bytes: Buffer, at: number): string {
  const part = (index: number, width: number) => String(bytes.readUInt16LE(at + 2 * index)).padStart(width, '0');
  return `${part(0, 4)}-${part(1, 2)}-${part(3, 2)}T${part(4, 2)}:${part(5, 2)}:${part(6, 2)}.${part(7, 3)}Z`;
}

/** `S-1-5-18`: revision, authority (48 bits, big-endian), sub-authorities (32 bits each, little-endian). */
function readSid(bytes: Buffer, at: number, size: number): string {
  const count = size < 8 ? 0 : (bytes[at + 1] ?? 0);
  if (size < 8 + 4 * count) throw new EventsError('value-size', `sid: expected ${8 + 4 * count} bytes, got ${size}`);
  let text = `S-${bytes[at] ?? 0}-${bytes.readUIntBE(at + 2, 6)}`;
  for (let index = 0; index < count; index++) text += `-${bytes.readUInt32LE(at + 8 + 4 * index)}`;
  return text;
}

function readHex32(bytes: Buffer, at: number, size: number): string {
  if (size < 4) throw new EventsError('value-size', `hexadecimal value: expected 4 or 8 bytes, got ${size}`);
  return `0x${bytes.readUInt32LE(at).toString(16)}`;
}

function readHex64(bytes: Buffer, at: number): string {
  const low = bytes.readUInt32LE(at);
  const high = bytes.readUInt32LE(at + 4);
  return high === 0 ? `0x${low.toString(16)}` : `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
}

function safeInteger(high: number, low: number, signed: boolean): Scalar {
  const value = high * 4294967296 + low;
  if (Number.isSafeInteger(value)) return value;
  return String((signed ? BigInt(high) : BigInt(high >>> 0)) * 4294967296n + BigInt(low));
}

/** JSON has no NaN and no infinities, so these come as text. */
function readReal(value: number): Scalar {
  return Number.isFinite(value) ? value : String(value);
}

function hex(type: number): string {
  return `0x${type.toString(16)}`;
}
