import type { RuleItem } from '../active/decode.js';

/** Where a merged rule came from. */
export interface Source {
  readonly origin: 'pack' | 'custom';
  /** `sigma/core/stable`; for an encrypted custom pack `custom/<name>`; null for a plain local file. */
  readonly pack: string | null;
  readonly version: string | null;
  /** Below the custom folder; null for a rule of a pack. */
  readonly file: string | null;
}

/**
 * A rule in use. One that acts on findings of others (a Sigma filter, a trusted hash, an allowed domain) acts on those
 * of its own pack; one whose origin is `custom` acts on all.
 */
export type MergedRule = RuleItem & { readonly source: Source };

/** The pack whose rules a filter or correlation reaches; null reaches all. */
export function reachOf({ source }: MergedRule): string | null {
  return source.origin === 'custom' ? null : source.pack;
}

/** `sigma/core/stable 2026.07.01`, or the file of a local rule; as it is, not fit for a terminal. */
export function sourceLabel({ pack, version, file }: Source): string {
  return [pack, version, file].filter((part) => part !== null).join(' ');
}
