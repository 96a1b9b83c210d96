/** A value with its BinXML type and bytes; the functions below make them. */
export interface EvtxValue {
  readonly type: number;
  readonly bytes: Buffer;
}

export const nullValue: EvtxValue = { type: 0x00, bytes: Buffer.alloc(0) };

export function text(value: string): EvtxValue {
  return { type: 0x01, bytes: Buffer.from(value, 'utf16le') };
}

export function texts(values: readonly string[]): EvtxValue {
  return { type: 0x81, bytes: Buffer.from(values.map((value) => `${value}\0`).join(''), 'utf16le') };
}

/** Unsigned integers: 1 byte (type 4), 2 (6), 4 (8, or 0x14 in hexadecimal), 8 (0x0a, or 0x15 in hexadecimal). */
export function integer(value: number | bigint, size: 1 | 2 | 4 | 8, isHex = false): EvtxValue {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  const type = isHex ? (size === 8 ? 0x15 : 0x14) : { 1: 0x04, 2: 0x06, 4: 0x08, 8: 0x0a }[size];
  return { type, bytes: bytes.subarray(0, size) };
}

export function bool(value: boolean): EvtxValue {
  return { type: 0x0d, bytes: Buffer.from([value ? 1 : 0, 0, 0, 0]) };
}

/** @param value `5770385F-C22A-43E0-BF4C-06F5698FFBD9`, with or without braces */
export function guid(value: string): EvtxValue {
  const bytes = Buffer.from(value.replace(/[{}-]/g, ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return { type: 0x0f, bytes };
}

export function fileTime(timeMs: number): EvtxValue {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Math.round(timeMs * 10)) * 1000n + 116_444_736_000_000_000n);
  return { type: 0x11, bytes };
}

/** @param value `S-1-5-21-…` with an authority below 2^32 */
export function sid(value: string): EvtxValue {
  const [revision = 1, authority = 0, ...rest] = value.slice(2).split('-').map(Number);
  const bytes = Buffer.alloc(8 + 4 * rest.length);
  bytes[0] = revision;
  bytes[1] = rest.length;
  bytes.writeUIntBE(authority, 2, 6);
  rest.forEach((part, index) => bytes.writeUInt32LE(part, 8 + 4 * index));
  return { type: 0x13, bytes };
}
