import type { Fact } from './observation.js';

// Every repetition is bounded by what may stand in a name or an address.
const hostToken = /[A-Za-z0-9_\u0080-\uFFFF][A-Za-z0-9_.\-\u0080-\uFFFF]{2,252}|[0-9A-Fa-f:.]{3,45}/g;

/** The names and addresses that a fact holds: where several stand in one text, each is allowed or not by itself. */
export function hostsOf({ kind, value }: Fact): string[] {
  if (kind === 'host' || kind === 'address') return [value];
  if (kind === 'url') return URL.canParse(value) ? [new URL(value).hostname.replace(/^\[|\]$/g, '')] : [];
  if (kind !== 'text') return [];
  return [...new Set([...value.matchAll(hostToken)].map(([token]) => token.replace(/[.-]+$/, '')))].filter((token) =>
    /[.:]/.test(token),
  );
}
