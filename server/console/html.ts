/** Markup that was written by us, or text that was made harmless. Only {@link html} makes it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Html | null | undefined | false | readonly Part[];

/**
 * A template of markup. What is put in is text: escaped for element content and for attributes in double quotes, the
 * only two places where templates may have holes. Lists are joined; null, undefined and false are nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((string, i) => string + (i < parts.length ? rendered(parts[i]) : '')).join(''));
}

function rendered(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if (part === null || part === undefined || part === false) return '';
  return part.map(rendered).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * Characters that would be invisible or turn the text around (control, format, private, unpaired surrogates) are shown
 * by their number, such as `\u{202E}`: a host's error message can come from anywhere.
 */
function escapeText(text: string): string {
  return text
    .replace(/[^\P{C}\n\t]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)
    .replace(/[&<>"'`]/g, (c) => entities[c] ?? '');
}
