import { distribution, host, type Plan, make, flip, type Add } from './plan.js';
import { bytesOf } from './writer.js';

export function addContentKey(add: Add): void {
  add('key-wrong', 'key-commitment', "another pack's content key", {}, { open: bytesOf('another content key') });
  add('key-not-a-recipient', 'not-a-recipient', 'sealed to others only', {}, { open: host });
  add(
    'key-sealed-flipped',
    'sealed-box',
    'a bit of the sealed content key flipped, signed so',
    {
      header: (members) => ({
        ...members,
        recipients: (members['recipients'] as { keyid: string; sealed: string }[]).map(({ keyid, sealed }) => ({
          keyid,
          sealed: flip(Buffer.from(sealed, 'base64'), 50).toString('base64'),
        })),
      }),
    },
    { open: distribution },
  );
  const premium = make('premium', { identity: { feature: 'premium', pack: 'apt' } });
  const copied = (...members: string[]): Plan => ({
    header: (header) => ({
      ...header,
      ...Object.fromEntries(members.map((member) => [member, premium.header[member] ?? null])),
    }),
  });
  add(
    'key-copied',
    'key-commitment',
    "another pack's recipients and commitment copied into a header",
    copied('keyCommitment', 'recipients'),
    { open: distribution },
  );
  add(
    'key-copied-payload',
    'key-commitment',
    "another pack's recipients, commitment and payload copied under a cheap feature",
    { ...copied('keyCommitment', 'recipients', 'payload', 'contentLength'), payload: () => premium.payload },
    { open: distribution },
  );
}
