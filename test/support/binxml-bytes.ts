import { repairChunk } from '../../bench/evtx-writer.js';

/**
 * Writes the tokens of one record's BinXML by hand into an otherwise good chunk, for what the EVTX writer does not write:
 * `new BinXmlBytes().open('Event').text('x').end().chunk()`.
 */
export class BinXmlBytes {
  readonly bytes = Buffer.alloc(65536);
  /** Offset in the chunk of the token written next. */
  at = 512 + 24;

  raw(...bytes: number[]): this {
    for (const byte of bytes) this.bytes[this.at++] = byte;
    return this;
  }

  uint16(value: number): this {
    return this.raw(value & 0xff, value >>> 8);
  }

  uint32(value: number): this {
    return this.uint16(value & 0xffff).uint16(value >>> 16);
  }

  name(name: string): this {
    this.uint32(this.at + 4)
      .uint32(0)
      .uint16(0)
      .uint16(name.length);
    return this.raw(...Buffer.from(`${name}\0`, 'utf16le'));
  }

  counted(text: string): this {
    return this.uint16(text.length).raw(...Buffer.from(text, 'utf16le'));
  }

  /** A start tag without attributes. The size may be wrong: no reader needs it. */
  open(name: string): this {
    return this.raw(0x01).uint16(0xffff).uint32(16).name(name).raw(0x02);
  }

  text(text: string): this {
    return this.raw(0x05, 0x01).counted(text);
  }

  end(): this {
    return this.raw(0x04);
  }

  /** The chunk with this one record, number 1. */
  chunk(): Buffer {
    this.raw(0);
    const size = this.at + 4 - 512;
    this.uint32(size);
    this.bytes.write('ElfChnk\0', 'latin1');
    this.bytes.writeUInt32LE(this.at, 48);
    this.bytes.writeUInt32LE(0x2a2a, 512);
    this.bytes.writeUInt32LE(size, 516);
    this.bytes.writeUInt32LE(1, 520);
    repairChunk(this.bytes);
    return this.bytes;
  }
}
