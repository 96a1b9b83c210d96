import type { FeedEntry } from './entry.js';
import type { FeedFormat } from './format.js';
import { plainText } from './line.js';
import { SignatureIds, signatureRevision } from './signature-id.js';

/** Where the question of a DNS message over UDP begins (RFC 1035 section 4.1.1). */
const questionOffset = 12;

/**
 * Rules for Snort 3: names in DNS queries over UDP, and addresses. A name is searched for as DNS writes it, each label behind
 * its length, so `|07|example|03|org|00|` is found in every name below it and in no `notexample.org`.
 */
export const snort: FeedFormat = {
  comment: '# ',
  exceptions: false,
  says: ({ kind }) =>
    kind === 'domain' || kind === 'host' || kind === 'address' || kind === 'network' ? 'whole' : null,
  *write({ heading: { feature, pack, sequence }, entries }) {
    const ids = new SignatureIds();
    for (const entry of entries) {
      const { kind, value, note } = entry;
      const isName = kind === 'domain' || kind === 'host';
      const head = isName ? 'alert udp $HOME_NET any -> any 53' : `alert ip $HOME_NET any -> ${value} any`;
      const what = isName ? `query for ${value}` : 'traffic to a listed address';
      const options = [
        `msg:"yms ${feature}/${pack} ${what} - ${plainText(note, 120)}";`,
        ...(isName ? [`byte_test:1,!&,128,2;`, `content:"${question(entry)}",${position(entry)};`] : []),
        `sid:${ids.take(`snort ${kind} ${value}`)};`,
        `rev:${signatureRevision(sequence)};`,
      ];
      yield `${head} (${options.join(' ')})`;
    }
  },
};

function question({ value }: FeedEntry): string {
  const labels = value.split('.').map((label) => `|${label.length.toString(16).padStart(2, '0')}|${label}`);
  return `${labels.join('')}|00|`;
}

/** A single name is the whole question; a domain may have labels in front. */
function position({ kind, value }: FeedEntry): string {
  const length = value.length + 2;
  return kind === 'host' ? `nocase,offset ${questionOffset},depth ${length}` : `nocase,offset ${questionOffset}`;
}
