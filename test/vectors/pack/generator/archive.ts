import { one, two, flip, type Add } from './plan.js';
import { bytesOf, type TarEntry } from './writer.js';

/** 16 MiB of zeros. */
const bomb = Buffer.from('y///P/gnAOKxQCD3/i/////wTwDEYRGA7v0f', 'base64');

export function addArchive(add: Add): void {
  add('compression-garbage', 'compression', 'no brotli stream', { compressed: () => bytesOf('garbage', 200) });
  add('compression-cut', 'compression', 'the brotli stream ends early', {
    compressed: (compressed) => compressed.subarray(0, -1),
  });
  add('compression-trailing', 'compression', 'bytes after the brotli stream', {
    compressed: (compressed) => Buffer.concat([compressed, Buffer.from('hidden')]),
  });
  add('archive-bomb', 'archive-too-large', '16 MiB of zeros in a few bytes', { compressed: () => bomb });
  add('archive-long', 'archive-too-large', 'one block more than the header says', {
    header: (members) => ({ ...members, contentLength: (members['contentLength'] as number) - 512 }),
  });
  add('archive-short', 'archive-too-small', 'one block less than the header says', {
    header: (members) => ({ ...members, contentLength: (members['contentLength'] as number) + 512 }),
  });
  add('archive-garbage', 'archive-format', 'no tar', { archive: () => bytesOf('no tar', 2048) });
  add('archive-checksum', 'archive-format', 'a bit of a tar header flipped', {
    archive: (archive) => flip(archive, 100),
  });
  add('archive-cut', 'archive-format', 'a tar that ends inside of a file', {
    lines: [{ ...one, line: one.line.replace('one"', `${'one '.repeat(500)}"`) }],
    archive: (archive) => archive.subarray(0, 3072),
  });

  const extra = (name: string, code: string, comment: string, entry: TarEntry): void => {
    add(name, code, comment, { entries: (entries) => [...entries, entry] });
  };
  extra('archive-parent', 'archive-path', 'a name with ..', { name: '../pools.jsonl', content: '{"id":"x"}\n' });
  extra('archive-absolute', 'archive-path', 'an absolute name', { name: '/etc/pools.jsonl', content: '{"id":"x"}\n' });
  extra('archive-folder-name', 'archive-path', 'a name in a folder', {
    name: 'a/pools.jsonl',
    content: '{"id":"x"}\n',
  });
  extra('archive-backslash', 'archive-path', 'a name with a backslash', {
    name: '..\\pools.jsonl',
    content: '{"id":"x"}\n',
  });
  extra('archive-dot', 'archive-path', 'a name of dots', { name: '..', content: 'x' });
  extra('archive-unknown', 'archive-name', 'an unknown name', { name: 'yara.jsonl', content: '{"id":"x"}\n' });
  extra('archive-case', 'archive-name', 'a known name in capitals', { name: 'POOLS.JSONL', content: '{"id":"x"}\n' });
  extra('archive-twice', 'archive-duplicate', 'a file twice', { name: 'sigma.jsonl', content: `${two.line}\n` });
  for (const [name, type] of [
    ['hardlink', '1'],
    ['symlink', '2'],
    ['device', '3'],
    ['fifo', '6'],
  ] as const)
    extra(`archive-${name}`, 'archive-entry-type', `an entry of type ${type}`, {
      name: 'pools.jsonl',
      content: '',
      type,
      linkName: type < '3' ? '/etc/passwd' : '',
    });
  extra('archive-folder', 'archive-entry-type', 'a folder', { name: 'pools.jsonl/', content: '', type: '5' });
  add('archive-pax', 'archive-not-canonical', 'an extension header that renames the file after it', {
    entries: ([manifest, sigma]) => [
      ...(manifest ? [manifest] : []),
      { name: 'PaxHeader', content: '20 path=sigma.jsonl\n', type: 'x' },
      ...(sigma ? [{ ...sigma, name: 'harmless' }] : []),
    ],
  });
  add('archive-order', 'archive-order', 'files in the wrong order', {
    lines: [{ kind: 'pool', id: 'p', line: '{"id":"p"}' }, one],
    entries: ([manifest, sigma, pools]) => [manifest, pools, sigma].filter((entry) => entry !== undefined),
  });
  add('archive-no-manifest', 'archive-order', 'no manifest', { entries: (entries) => entries.slice(1) });
  add('archive-nothing', 'archive-order', 'no file at all', { entries: () => [] });
  add('archive-mode', 'archive-not-canonical', 'another mode', {
    entries: (entries) => entries.map((entry) => ({ ...entry, mode: '000755' })),
  });
  add('archive-mtime', 'archive-not-canonical', 'another time', {
    entries: (entries) => entries.map((entry) => ({ ...entry, mtime: '00000000001' })),
  });
  add('archive-trailing', 'archive-format', 'bytes hidden after the end', {
    archive: (archive) => Buffer.concat([archive, Buffer.alloc(512, 'hidden ')]),
  });
  add('archive-trailing-zeros', 'archive-not-canonical', 'one block of zeros more at the end', {
    archive: (archive) => Buffer.concat([archive, Buffer.alloc(512)]),
  });
}
