import { describe, expect, test } from 'vitest';
import { decodeChunk } from '../../../events/evtx/chunk.js';
import { ShapeTable } from '../../../events/shapes.js';
import { BinXmlBytes } from '../../support/binxml-bytes.js';

/** The fields of the one record, or the code of its skip. */
function decode(chunk: Buffer): Record<string, unknown> | string | undefined {
  const codes: string[] = [];
  const [event] = decodeChunk(chunk, new ShapeTable(), 's', (code) => codes.push(code));
  expect(codes).toHaveLength(event === undefined ? 1 : 0);
  return event?.fields() ?? codes[0];
}

const header = [0x0f, 1, 1, 0];

describe('a record without a template', () => {
  test('gives the fields of its elements', () => {
    const bytes = new BinXmlBytes()
      .raw(...header)
      .open('Event')
      .open('System')
      .open('Channel')
      .text('Security');
    bytes.end().end().open('EventData').open('Note').text('hello').end().end().end();
    expect(decode(bytes.chunk())).toEqual({ Channel: 'Security', Note: 'hello' });
  });

  test('has its time from the record header', () => {
    const chunk = new BinXmlBytes().open('Event').end().chunk();
    chunk.writeBigUInt64LE(116_444_736_010_000_000n, 512 + 16);
    expect(decodeChunk(chunk, new ShapeTable(), 's', () => undefined)[0]?.timeMs).toBe(1000);
  });

  test('may leave out the dependency identifiers', () => {
    const bytes = new BinXmlBytes().raw(0x01).uint32(20).name('Event').raw(0x02);
    bytes.raw(0x01).uint32(8).name('EventData').raw(0x02).text('x').end().end();
    expect(decode(bytes.chunk())).toEqual({ EventData: 'x' });
  });

  test('joins text, CDATA, characters and entities, and steps over processing instructions', () => {
    const bytes = new BinXmlBytes().open('Event').open('EventData').open('T').text('a').raw(0x07).counted('<b>');
    bytes.raw(0x0a).name('target').raw(0x0b).counted('data').raw(0x48).uint16(0xe9);
    for (const entity of ['lt', 'gt', 'amp', 'quot', 'apos', 'own']) bytes.raw(0x09).name(entity);
    expect(decode(bytes.end().end().end().chunk())).toEqual({ T: 'a<b>é<>&"\'&own;' });
  });

  test('names data by attribute only where that is fixed text', () => {
    const bytes = new BinXmlBytes()
      .open('Event')
      .open('EventData')
      .raw(0x41)
      .uint16(0)
      .uint32(16)
      .name('Data')
      .uint32(0);
    bytes.raw(0x46).name('Name').text('Image').raw(0x06).name('Kind').text('path').raw(0x02).text('a.exe').end();
    bytes.raw(0x41).uint16(0).uint32(16).name('Data').uint32(0).raw(0x06).name('Name').raw(0x0d, 0, 0, 1, 0x03);
    expect(decode(bytes.end().end().chunk())).toEqual({ Image: 'a.exe', Image_Kind: 'path', Data: '' });
  });

  test('keeps what a forwarder has rendered apart from the System fields', () => {
    const bytes = new BinXmlBytes().open('Event').open('System').open('Level').text('4').end().end();
    bytes.open('RenderingInfo').open('Level').text('Information').end().end().end();
    expect(decode(bytes.chunk())).toEqual({ Level: '4', RenderingInfo_Level: 'Information' });
  });
});

describe('bounds', () => {
  test.each([
    [64, {}],
    [65, 'binxml-depth'],
  ])('%i levels of elements', (levels, expected) => {
    const bytes = new BinXmlBytes();
    for (let level = 0; level < levels; level++) bytes.open('E');
    for (let level = 0; level < levels; level++) bytes.end();
    const outcome = decode(bytes.chunk());
    if (typeof expected === 'string') expect(outcome).toBe(expected);
    else expect(outcome).toMatchObject({ E: '' });
  });

  test.each([
    [8, { Event: 'x' }],
    [9, 'binxml-depth'],
  ])('%i levels of fragments', (levels, expected) => {
    expect(decode(nestedFragments(levels))).toEqual(expected);
  });

  test('a template that is its own value is read once and then refused', () => {
    const bytes = new BinXmlBytes().raw(...header);
    const definition = bytes.at + 10;
    bytes.raw(0x0c, 1).uint32(1).uint32(definition);
    bytes.uint32(definition).uint32(1).uint32(0).uint32(0).uint32(0);
    const sizeAt = bytes.at;
    bytes.uint32(0).open('Event').raw(0x0c, 1).uint32(1).uint32(definition).end().raw(0);
    bytes.bytes.writeUInt32LE(bytes.at - sizeAt - 4, sizeAt);
    expect(decode(bytes.uint32(0).chunk())).toBe('binxml-token');
  });

  test.each([
    [1000, 8, { D: expect.anything() as unknown }],
    [1000, 9, 'record-too-large'],
    [0, 64, {}],
    [0, 65, 'record-too-large'],
  ])('%i fields in each of %i templates', (fields, instances, expected) => {
    const bytes = new BinXmlBytes();
    const definition = bytes.at + 10;
    bytes.raw(0x0c, 1).uint32(1).uint32(definition).uint32(0).uint32(1).uint32(0).uint32(0).uint32(0);
    const sizeAt = bytes.at;
    bytes.uint32(0).open('Event').open('EventData');
    const name = bytes.at + 7;
    for (let count = 0; count < fields; count++) {
      bytes.raw(0x01).uint16(0).uint32(8);
      if (count === 0) bytes.name('D').raw(0x03);
      else bytes.uint32(name + 4).raw(0x03);
    }
    bytes.end().end().raw(0);
    bytes.bytes.writeUInt32LE(bytes.at - sizeAt - 4, sizeAt);
    bytes.uint32(0);
    for (let count = 1; count < instances; count++) bytes.raw(0x0c, 1).uint32(1).uint32(definition).uint32(0);
    const outcome = decode(bytes.chunk());
    if (typeof expected === 'string') expect(outcome).toBe(expected);
    else expect(outcome).toEqual(expected);
  });

  test.each([
    [
      'a name beyond the chunk',
      (bytes: BinXmlBytes) => bytes.raw(0x01).uint16(0).uint32(8).uint32(0xfffffff0),
      'binxml-name',
    ],
    [
      'a name that goes on beyond the chunk',
      (bytes: BinXmlBytes) => withUnits(bytes).raw(0x01).uint16(0).uint32(8).uint32(65526),
      'binxml-name',
    ],
    ['an unknown token', (bytes: BinXmlBytes) => bytes.open('E').raw(0x1f), 'binxml-token'],
    ['no end tag', (bytes: BinXmlBytes) => bytes.open('E').text('x'), 'binxml-truncated'],
    [
      'text longer than the record',
      (bytes: BinXmlBytes) => bytes.open('E').raw(0x05, 1).uint16(60000),
      'binxml-truncated',
    ],
    ['text that is a number', (bytes: BinXmlBytes) => bytes.open('E').raw(0x05, 8).uint32(1), 'value-type'],
    [
      'a start tag without its end',
      (bytes: BinXmlBytes) => bytes.raw(0x01).uint16(0).uint32(1).name('E').raw(0x04),
      'binxml-token',
    ],
  ])('%s', (_name, write, code) => {
    expect(decode(write(new BinXmlBytes()).chunk())).toBe(code);
  });

  test('a name longer than 1024 units', () => {
    expect(decode(new BinXmlBytes().open('E'.repeat(1025)).end().chunk())).toBe('binxml-name');
    expect(decode(new BinXmlBytes().open('E'.repeat(1024)).end().chunk())).toEqual({});
  });
});

/** A template whose one value is a fragment with such a template again, and so on; the innermost is `<Event>x</Event>`. */
function nestedFragments(levels: number): Buffer {
  const bytes = new BinXmlBytes();
  const sizes: { descriptor: number; start: number }[] = [];
  for (let level = 1; level < levels; level++) {
    const definition = bytes.at + 10;
    bytes.raw(0x0c, 1).uint32(1).uint32(definition).uint32(0).uint32(1).uint32(0).uint32(0).uint32(0);
    const sizeAt = bytes.at;
    bytes.uint32(0).open('Event').raw(0x0d).uint16(0).raw(0x21).end().raw(0);
    bytes.bytes.writeUInt32LE(bytes.at - sizeAt - 4, sizeAt);
    bytes.uint32(1);
    sizes.push({ descriptor: bytes.at, start: bytes.at + 4 });
    bytes.uint16(0).raw(0x21, 0);
  }
  bytes.open('Event').text('x').end();
  for (const { descriptor, start } of sizes) bytes.bytes.writeUInt16LE(bytes.at - start, descriptor);
  return bytes.chunk();
}

/** The last name that fits the chunk says that it is 100 units long. */
function withUnits(bytes: BinXmlBytes): BinXmlBytes {
  bytes.bytes.writeUInt16LE(100, 65526 + 6);
  return bytes;
}
