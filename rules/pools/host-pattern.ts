import { normaliseDomain } from '../ioc/domain.js';
import type { Problem } from '../ioc/pattern.js';

/**
 * A pattern of host names, label by label: a label of `*` stands for one or more labels, a `*` inside a label for
 * characters of that label. `xmr.*` is every host whose first label is `xmr`; `*.pool.*` has `pool` in its middle.
 */
export interface HostPattern {
  readonly text: string;
  test(host: string): boolean;
}

const maxLabels = 16;

export function normaliseHostPattern(text: string): string | Problem {
  const pattern = text.toLowerCase();
  const labels = pattern.split('.');
  if (!pattern.includes('*')) return { problem: 'expected a host pattern with "*", got a plain name' };
  if (labels.length < 2 || labels.length > maxLabels || labels.every((label) => /^\**$/.test(label)))
    return { problem: `expected 2 to ${maxLabels} labels, one of them named, got "${text}"` };
  if (pattern.includes('**') || !labels.every((label) => /^[a-z0-9_*-]{1,63}$/.test(label)))
    return { problem: `expected labels of letters, digits, "-", "_" and "*", got "${text}"` };
  return pattern;
}

/** `text` must be in normal form. Time is linear in the host's length for each label of the pattern. */
export function compileHostPattern(text: string): HostPattern {
  const tests = text.split('.').map(compileLabel);
  return {
    text,
    test(host) {
      // reached[i]: the first i labels of the pattern stand for all labels of the host read so far
      let reached = tests.map((_, at) => at === 0).concat(false);
      for (const label of host.split('.')) {
        const next = reached.map(() => false);
        for (const [at, labelTest] of tests.entries())
          next[at + 1] =
            labelTest === null
              ? (reached[at] ?? false) || (reached[at + 1] ?? false)
              : reached[at] === true && labelTest(label);
        reached = next;
      }
      return reached[tests.length] === true;
    },
  };
}

/** Null for the label that stands for one or more labels. */
function compileLabel(label: string): ((text: string) => boolean) | null {
  if (label === '*') return null;
  const [head = '', ...parts] = label.split('*');
  if (parts.length === 0) return (text) => text === head;
  const tail = parts.pop() ?? '';
  return (text) => {
    if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
    let at = head.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - tail.length;
  };
}

/** A host, or a suffix as `.example.org`: the domain itself and everything below it. */
export function normaliseHost(text: string): string | Problem {
  return normaliseDomain(text) ?? { problem: `expected a host name, got "${text}"` };
}
