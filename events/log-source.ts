/** The attributes of a log source as Sigma's taxonomy has them (Sigma 2.1, "Log Sources"). */
export const logSourceAttributes = ['product', 'service', 'category'] as const;
export type LogSourceAttribute = (typeof logSourceAttributes)[number];

/** One name, several, or none at all; an attribute that is left out is one that nobody can tell. */
export type LogSourceNames = { readonly [A in LogSourceAttribute]?: string | readonly string[] };

/**
 * What a log is, as far as its reader can tell, in the words of a rule's `logsource`. A line of sshd is
 * `{product: 'linux', service: ['sshd', 'auth', 'syslog'], category: []}`: rules of each of these services are for it, and
 * rules of a category are not. Without `service` any service of the product may be meant, and rules of one are asked only
 * if the event holds what they look for.
 *
 * Sources with the same names are one object, so that a reader pays nothing for an event: keep them as constants, or in
 * a table by what tells them.
 */
export class LogSource {
  static readonly #known = new Map<string, LogSource>();
  /** Folded names; null for an attribute that cannot be told. */
  readonly names: Readonly<Record<LogSourceAttribute, readonly string[] | null>>;
  /** The same for the same names. */
  readonly key: string;

  private constructor(names: LogSource['names'], key: string) {
    this.names = names;
    this.key = key;
  }

  static of({ product, service, category }: LogSourceNames): LogSource {
    const names = { product: fold(product), service: fold(service), category: fold(category) };
    const key = JSON.stringify(names);
    let source = this.#known.get(key);
    if (!source) {
      // A log can make up services (names of programs) without end; what is forgotten is made again.
      if (this.#known.size === maxKnown) this.#known.clear();
      this.#known.set(key, (source = new LogSource(names, key)));
    }
    return source;
  }

  /** For messages: `product=linux, service=sshd|auth`. */
  toString(): string {
    return logSourceAttributes
      .flatMap((attribute) => {
        const names = this.names[attribute];
        return names === null || names.length === 0 ? [] : [`${attribute}=${names.join('|')}`];
      })
      .join(', ');
  }
}

const maxKnown = 4096;

function fold(names: string | readonly string[] | undefined): readonly string[] | null {
  if (names === undefined) return null;
  return (typeof names === 'string' ? [names] : names).map((name) => name.toLowerCase());
}

/** Windows event logs, whose services are told by their channels. */
export const windowsLog = LogSource.of({ product: 'windows', service: [], category: [] });
