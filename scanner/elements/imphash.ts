import { createHash } from 'node:crypto';
import { ordinalName } from './import-ordinals.js';

/** A larger program has no import hash, as it would have to be held in memory. */
export const maxImageBytes = 64 * 1024 * 1024;

const maxLibraries = 1024;
const maxImports = 65_536;

/**
 * The import hash of a Windows program (Mandiant, 2014): MD5 over `library.function` of all imports, lower case, in the
 * order of the import table, without `.dll`, `.ocx` and `.sys`. Null for what is no PE file, imports nothing, or is damaged.
 */
export function imphashOf(image: Buffer): string | null {
  try {
    const names = importsOf(image);
    return names.length === 0 ? null : createHash('md5').update(names.join(',')).digest('hex');
  } catch (error) {
    if (error instanceof RangeError) return null; // an offset that leads out of the file
    throw error;
  }
}

function importsOf(image: Buffer): string[] {
  const header = image.readUInt32LE(0x3c);
  if (image.readUInt16LE(0) !== 0x5a4d || image.readUInt32LE(header) !== 0x4550) return [];
  const optional = header + 24;
  const is64 = image.readUInt16LE(optional) === 0x20b;
  const directory = optional + (is64 ? 112 : 96);
  const offsetOf = sectionReader(image, optional + image.readUInt16LE(header + 20), image.readUInt16LE(header + 6));
  const imports: string[] = [];
  const table = image.readUInt32LE(directory + 8);
  if (table === 0) return [];
  for (let index = 0; index < maxLibraries; index++) {
    const at = offsetOf(table + index * 20);
    const nameAt = image.readUInt32LE(at + 12);
    const thunks = image.readUInt32LE(at) || image.readUInt32LE(at + 16);
    if (nameAt === 0 || thunks === 0) break;
    const library = textAt(image, offsetOf(nameAt)).toLowerCase();
    const stem = library.replace(/\.(?:dll|ocx|sys)$/, '');
    for (let entry = 0; imports.length < maxImports; entry++) {
      const thunkAt = offsetOf(thunks + entry * (is64 ? 8 : 4));
      const low = image.readUInt32LE(thunkAt);
      const high = is64 ? image.readUInt32LE(thunkAt + 4) : low;
      if (low === 0 && high === 0) break;
      const isOrdinal = high >= 0x8000_0000;
      const name = isOrdinal ? ordinalName(library, low & 0xffff) : textAt(image, offsetOf(low) + 2).toLowerCase();
      imports.push(`${stem}.${name}`);
    }
  }
  return imports;
}

/** From addresses of the loaded program to offsets in its file. */
function sectionReader(image: Buffer, from: number, count: number): (address: number) => number {
  const sections = Array.from({ length: Math.min(count, 96) }, (_, index) => {
    const at = from + index * 40;
    const start = image.readUInt32LE(at + 12);
    const size = Math.max(image.readUInt32LE(at + 8), image.readUInt32LE(at + 16));
    return { start, end: start + size, file: image.readUInt32LE(at + 20) };
  });
  return (address) => {
    const section = sections.find(({ start, end }) => address >= start && address < end);
    return section === undefined ? address : address - section.start + section.file;
  };
}

function textAt(image: Buffer, offset: number): string {
  if (offset < 0 || offset >= image.length)
    throw new RangeError('text: expected an offset in the file, got one beyond');
  const end = image.indexOf(0, offset);
  return image.toString('latin1', offset, end < 0 ? offset : Math.min(end, offset + 512));
}
