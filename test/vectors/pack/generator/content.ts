import { one, two, type Members, type Add, without } from './plan.js';
import { contentDigest } from './writer.js';

export function addContent(add: Add): void {
  const manifest = (name: string, code: string, comment: string, change: (members: Members) => Members): void => {
    add(name, code, comment, { manifest: change });
  };
  manifest('manifest-unknown-member', 'manifest-malformed', 'an unknown member', (members) => ({
    ...members,
    note: 1,
  }));
  manifest('manifest-no-digest', 'manifest-malformed', 'no content digest', (members) =>
    without(members, 'contentDigest'),
  );
  add('manifest-not-canonical', 'manifest-malformed', 'a line feed at the end', {
    manifestText: (text) => `${text}\n`,
  });
  add('manifest-duplicate-member', 'manifest-malformed', 'a member twice', {
    manifestText: (text) => text.replace('{', '{"channel":"beta",'),
  });
  manifest('manifest-other-pack', 'manifest-mismatch', 'another pack than the header', (members) => ({
    ...members,
    pack: 'other',
  }));
  manifest('manifest-other-sequence', 'manifest-mismatch', 'another sequence than the header', (members) => ({
    ...members,
    sequence: 2,
  }));
  manifest('manifest-counts', 'manifest-mismatch', 'other counts', (members) => ({
    ...members,
    counts: { attribution: 0, ioc: 0, pool: 0, sigma: 2, triage: 0 },
  }));
  manifest('content-digest', 'content-digest', 'the digest of other items', (members) => ({
    ...members,
    contentDigest: contentDigest([two]),
  }));
  const items = (name: string, code: string, comment: string, content: string, count = 2): void => {
    add(name, code, comment, {
      manifest: (members) => ({ ...members, counts: { attribution: 0, ioc: 0, pool: 0, sigma: count, triage: 0 } }),
      entries: ([first]) => [...(first ? [first] : []), { name: 'sigma.jsonl', content }],
    });
  };
  items('item-order', 'item-order', 'ids out of order', `${two.line}\n${one.line}\n`);
  items('item-twice', 'item-duplicate', 'an id twice', `${one.line}\n${one.line}\n`);
  items('item-no-line-feed', 'item-malformed', 'the last line does not end', `${one.line}\n${two.line}`);
  items('item-empty-line', 'item-malformed', 'an empty line', `${one.line}\n\n${two.line}\n`);
  items('item-empty-file', 'item-malformed', 'an empty file', '', 0);
  items('item-crlf', 'item-malformed', 'a carriage return', `${one.line}\r\n`, 1);
  items('item-space', 'item-malformed', 'not canonical', '{"id": "a"}\n', 1);
  items('item-duplicate-member', 'item-malformed', 'a member twice', '{"id":"a","id":"b"}\n', 1);
  items('item-array', 'item-malformed', 'no object', '["id"]\n', 1);
  items('item-no-id', 'item-malformed', 'no id', '{"title":"one"}\n', 1);
  items('item-id-number', 'item-malformed', 'an id that is no text', '{"id":1}\n', 1);
  items('item-id-control', 'item-malformed', 'an id with a control character', '{"id":"a\\u001b[2J"}\n', 1);
  items('item-id-long', 'item-malformed', 'an id of 4,097 bytes', `{"id":"${'a'.repeat(4097)}"}\n`, 1);
  items('item-depth', 'item-malformed', 'a nested bomb', `{"a":${'['.repeat(5000)}${']'.repeat(5000)},"id":"a"}\n`, 1);
}
