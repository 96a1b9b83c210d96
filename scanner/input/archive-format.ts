/** Holds one file, in a form that is smaller. */
export const compressions = ['gzip', 'bzip2', 'xz', 'zstd'] as const;

/** Holds members, each with a name. */
export const containers = ['zip', 'tar', '7z', 'rar', 'cab', 'cpio', 'ar', 'lha', 'rpm'] as const;

/** Known by their first bytes, and never opened. */
export const closedFormats = ['lz4', 'lzip', 'lzma', 'lzop', 'lrzip', 'compress', 'wim', 'ace', 'xar'] as const;

export type Compression = (typeof compressions)[number];
export type ArchiveFormat = Compression | (typeof containers)[number];
export type ClosedFormat = (typeof closedFormats)[number];

/** Bytes that must be there for {@link archiveFormatOf}. */
export const archiveHeadBytes = 512;

type Mark = readonly [format: ArchiveFormat | ClosedFormat, at: number, bytes: string];

/** Latin-1; where two are for one format, either tells it. */
const marks: readonly Mark[] = [
  ['zip', 0, 'PK\x03\x04'],
  ['zip', 0, 'PK\x05\x06'], // the end of one without members
  ['gzip', 0, '\x1f\x8b\x08'],
  ['xz', 0, '\xfd7zXZ\0'],
  ['zstd', 0, '\x28\xb5\x2f\xfd'],
  ['7z', 0, '7z\xbc\xaf\x27\x1c'],
  ['rar', 0, 'Rar!\x1a\x07'],
  ['cab', 0, 'MSCF\0\0\0\0'],
  ['cpio', 0, '070701'],
  ['cpio', 0, '070702'],
  ['cpio', 0, '070707'],
  ['ar', 0, '!<arch>\n'],
  ['rpm', 0, '\xed\xab\xee\xdb'],
  ['tar', 257, 'ustar'],
  ['lz4', 0, '\x04\x22\x4d\x18'],
  ['lzip', 0, 'LZIP\x01'],
  ['lzop', 0, '\x89LZO\0\r\n\x1a\n'],
  ['lrzip', 0, 'LRZI\0'],
  ['wim', 0, 'MSWIM\0\0\0'],
  ['ace', 7, '**ACE**'],
  ['xar', 0, 'xar!\0'],
];

/** What the first bytes say, and the name where they say little. */
export function archiveFormatOf(head: Buffer, name = ''): ArchiveFormat | ClosedFormat | null {
  const text = head.toString('latin1', 0, archiveHeadBytes);
  for (const [format, at, bytes] of marks) if (text.startsWith(bytes, at)) return format;
  if (/^BZh[1-9]/.test(text) && bzip2Blocks.some((block) => text.startsWith(block, 4))) return 'bzip2';
  if (/^[P-_]/.test(text) && text.startsWith('\x2aM\x18', 1)) return 'zstd'; // a frame to be passed over, as pzstd writes
  if (/^..-lh[\dd]-/s.test(text)) return 'lha';
  if (text.startsWith('\x1f\x9d') && /^[\x89-\x90]/.test(text.slice(2))) return 'compress';
  return text.startsWith('\0\0', 1) && /^[\]m]/.test(text) && /\.(?:lzma|tlz)$/i.test(name) ? 'lzma' : null;
}

/** The digits of pi before a block, and those of its square root at the end of an empty file. */
const bzip2Blocks = ['1AY&SY', '\x17rE8P\x90'];

const closed: ReadonlySet<string> = new Set(closedFormats);
const single: ReadonlySet<string> = new Set(compressions);

export function isClosed(format: ArchiveFormat | ClosedFormat): format is ClosedFormat {
  return closed.has(format);
}

/** Whether it stands for one file, and is what that file is. */
export function isCompression(format: ArchiveFormat | ClosedFormat): format is Compression {
  return single.has(format);
}

const endings: Readonly<Record<Compression, RegExp>> = {
  gzip: /\.gz(?:ip)?$/i,
  bzip2: /\.bz2?$/i,
  xz: /\.xz$/i,
  zstd: /\.zst(?:d)?$/i,
};

/** The name of what is inside: that of the file without its ending. */
export function innerNameOf(format: Compression, name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\'), name.lastIndexOf('!')) + 1);
  const tar = base.replace(/\.(?:tgz|tbz2?|txz|tzst)$/i, '.tar');
  return tar === base ? base.replace(endings[format], '') : tar;
}
