/** Every repetition before a fixed character is bounded: unbounded ones take quadratic time on hostile text. */
const urlToken = /[a-z][a-z0-9+.-]{1,31}:\/\/[^\s"'<>|\\^`{}]+/gi;

/** Schemes that stand at the end of a longer word: `wget+http`, `xhttp` in the strings of a program. */
const knownScheme = /(?:https?|ftps?|sftp|tftp|wss?|tcp|udp)$/i;

const escapedSlashes = /:\\{1,2}\/\\{1,2}\//; // JSON as PHP writes it
/** What ends a URL in a command line, a query or a sentence, and yet may be a part of one. */
const stop = /[;&,)\]!$*(]|%(?:0[ad]|2[0267]|3b|7c)/gi;
const maxStops = 32;
const maxUrlLength = 4096;

/** Whether a text holds what {@link urlsIn} reads: false is sure. */
export function mayHoldUrl(text: string): boolean {
  return text.includes('://') || (text.includes('\\/') && escapedSlashes.test(text));
}

/**
 * What may be a URL in a text: each run of its characters, and what is left of it when it ends earlier, where a shell, a
 * query or a sentence goes on (`http://a.example/x;chmod`, `?u=http://a.example/x&v=1`). Slashes escaped as in JSON are read
 * too. Parts of one run are at most 34, so hostile text takes linear time.
 */
export function* urlsIn(text: string): Generator<string> {
  yield* tokensIn(text);
  if (text.includes('\\/')) yield* tokensIn(text.replace(/\\{1,2}\//g, '/'));
}

/** The text without the percent-encoding of a query (also where it was encoded twice), or null where it has none that hides a host. */
export function percentDecoded(text: string): string | null {
  if (!text.includes('%') || !/%(?:25)?(?:2f|3a|40)/i.test(text)) return null;
  return text
    .replace(/%25(?=[2-7][0-9a-f])/gi, '%')
    .replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

function* tokensIn(text: string): Generator<string> {
  for (const [raw] of text.matchAll(urlToken)) {
    const colon = raw.indexOf(':');
    const scheme = knownScheme.exec(raw.slice(0, colon))?.[0] ?? '';
    const url = scheme === '' ? raw : raw.slice(colon - scheme.length);
    if (url.length <= maxUrlLength) yield url;
    const trimmed = url.replace(/[)\].,;:!?*&]+$/, '');
    if (trimmed !== url && trimmed.length <= maxUrlLength) yield trimmed;
    let stops = 0;
    for (const { index } of trimmed.matchAll(stop)) {
      if (++stops > maxStops || index > maxUrlLength) break;
      if (index > colon + 2) yield trimmed.slice(0, index).replace(/[.,:!?]+$/, '');
    }
  }
}
