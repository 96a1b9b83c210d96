/** The smallest Windows program that imports something: a header, one section, one import table. */
export function windowsProgram(library: string, names: readonly string[], is64 = false): Buffer {
  const image = Buffer.alloc(0x400);
  const optional = 0x40 + 24;
  const optionalSize = is64 ? 240 : 224;
  image.write('MZ', 0, 'latin1');
  image.writeUInt32LE(0x40, 0x3c);
  image.write('PE', 0x40, 'latin1');
  image.writeUInt16LE(1, 0x46);
  image.writeUInt16LE(optionalSize, 0x54);
  image.writeUInt16LE(is64 ? 0x20b : 0x10b, optional);
  image.writeUInt32LE(16, optional + (is64 ? 108 : 92));
  image.writeUInt32LE(0x1000, optional + (is64 ? 112 : 96) + 8);
  image.writeUInt32LE(40, optional + (is64 ? 112 : 96) + 12);
  const section = optional + optionalSize;
  image.write('.idata', section, 'latin1');
  for (const [at, value] of [0x200, 0x1000, 0x200, 0x200].entries()) image.writeUInt32LE(value, section + 8 + at * 4);
  const fileOffset = (address: number): number => address - 0x1000 + 0x200;
  const thunks = 0x1040;
  image.writeUInt32LE(thunks, fileOffset(0x1000));
  image.writeUInt32LE(0x1120, fileOffset(0x1000) + 12);
  image.writeUInt32LE(thunks, fileOffset(0x1000) + 16);
  image.write(library, fileOffset(0x1120), 'latin1');
  names.forEach((name, index) => {
    const at = fileOffset(thunks) + index * (is64 ? 8 : 4);
    if (/^\d+$/.test(name)) {
      image.writeUInt32LE(is64 ? Number(name) : 0x8000_0000 + Number(name), at);
      if (is64) image.writeUInt32LE(0x8000_0000, at + 4);
      return;
    }
    image.writeUInt32LE(0x1140 + index * 0x20, at);
    image.write(name, fileOffset(0x1140 + index * 0x20) + 2, 'latin1');
  });
  return image;
}
