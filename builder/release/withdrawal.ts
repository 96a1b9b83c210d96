import { namePattern } from '../../keys/roles.js';
import { BuilderError } from '../error.js';

/** What a role is to list no more: one channel of a pack, the whole pack, or all of a feature. */
export interface Withdrawal {
  readonly feature: string;
  /** Null for all packs of the feature, which is then retired: its role stays, empty. */
  readonly pack: string | null;
  /** Null for all channels. */
  readonly channel: string | null;
}

/** `FEATURE/PACK` or `FEATURE/PACK/CHANNEL`. @throws BuilderError `option-invalid` */
export function parseWithdrawal(text: string): Withdrawal {
  const names = text.split('/');
  const [feature = '', pack = '', channel = null] = names;
  if (names.length < 2 || names.length > 3 || !names.every((name) => namePattern.test(name)))
    throw new BuilderError(
      'option-invalid',
      `--withdraw: expected FEATURE/PACK or FEATURE/PACK/CHANNEL, got "${text}"`,
      {
        hint: 'a whole feature is taken back with --retire FEATURE',
      },
    );
  return { feature, pack, channel };
}

/** All of a feature. @throws BuilderError `option-invalid` */
export function parseRetirement(text: string): Withdrawal {
  if (!namePattern.test(text))
    throw new BuilderError('option-invalid', `--retire: expected a feature, got "${text}"`, {
      hint: 'a single pack is taken back with --withdraw FEATURE/PACK',
    });
  return { feature: text, pack: null, channel: null };
}

/** Whether a target goes: packs, and with them their deltas and feeds. */
export function covers({ feature, pack, channel }: Withdrawal, path: string): boolean {
  const [ofFeature, ofPack, file = ''] = path.split('/');
  if (ofFeature !== feature) return false;
  return pack === null || (ofPack === pack && (channel === null || file.startsWith(`${channel}.`)));
}

export function withdrawalWords({ feature, pack, channel }: Withdrawal): string {
  return [feature, pack, channel].filter((name) => name !== null).join('/');
}
