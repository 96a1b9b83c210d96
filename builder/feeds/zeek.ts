import type { EntryKind } from './entry.js';
import type { FeedFormat } from './format.js';
import { plainText } from './line.js';

const types: Partial<Record<EntryKind, string>> = {
  domain: 'Intel::DOMAIN',
  host: 'Intel::DOMAIN',
  address: 'Intel::ADDR',
  network: 'Intel::SUBNET',
  url: 'Intel::URL',
  email: 'Intel::EMAIL',
  md5: 'Intel::FILE_HASH',
  sha1: 'Intel::FILE_HASH',
  sha256: 'Intel::FILE_HASH',
};

/** A file for Zeek's intelligence framework, columns divided by tabs. Zeek compares domains whole, without what is below. */
export const zeek: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) => (types[kind] === undefined ? null : kind === 'domain' ? 'part' : 'whole'),
  *write({ heading: { feature, pack }, entries }) {
    yield ['#fields', 'indicator', 'indicator_type', 'meta.source', 'meta.desc', 'meta.url'].join('\t');
    for (const { kind, value, note, reference } of entries)
      yield [
        escaped(kind === 'url' ? value.replace(/^[a-z][a-z0-9+.-]*:\/\//, '') : value),
        types[kind] ?? '',
        `yms ${feature}/${pack}`,
        plainText(note) || '-',
        reference === undefined ? '-' : escaped(reference),
      ].join('\t');
  },
};

/** As Zeek's ASCII reader undoes it: `\xNN` for the bytes of everything that is not printable ASCII, and for the backslash. */
function escaped(text: string): string {
  return text.replace(/[^!-[\]-~]+/g, (run) =>
    [...Buffer.from(run, 'utf8')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}
