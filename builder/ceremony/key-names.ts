import type { KeyKind, SecretKey } from '../../keys/key.js';
import { newSealingKey } from '../../keys/sealing.js';
import { newSigningKey } from '../../keys/signing.js';
import { BuilderError } from '../error.js';

/** What keys are for (docs/architecture.md, who may sign what), and the kind that each of them is. */
export const keyKinds = {
  root: 'ed25519',
  targets: 'ed25519',
  release: 'ed25519',
  snapshot: 'ed25519',
  timestamp: 'ed25519',
  license: 'ed25519',
  team: 'ed25519',
  distribution: 'x25519',
  host: 'x25519',
} as const satisfies Record<string, KeyKind>;

export function newKeyOf(kind: KeyKind): SecretKey {
  return kind === 'ed25519' ? newSigningKey() : newSealingKey();
}

/** The name is a file name too. @throws BuilderError `name-invalid` */
export function requireKeyName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new BuilderError('name-invalid', `key: expected a name of letters, digits, '.', '_' and '-', got "${name}"`);
}

/** `sigma` → `sigma-2` → `sigma-3`: the first that is free after the given one. */
export function nextKeyName(name: string, taken: readonly string[]): string {
  const [, stem = name, count = '1'] = /^(.+?)-(\d{1,4})$/.exec(name) ?? [];
  for (let next = Number(count) + 1; ; next++) if (!taken.includes(`${stem}-${next}`)) return `${stem}-${next}`;
}
