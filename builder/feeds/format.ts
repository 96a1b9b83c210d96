import type { FeedEntry } from './entry.js';

/** Which release a feed is made from, and under which terms it may be used. */
export interface FeedHeading {
  readonly feature: string;
  readonly pack: string;
  readonly channel: string;
  /** The feed's own name among those of the pack. */
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly createdAt: string;
  /** Licenses and origins of the sources, each once. */
  readonly terms: readonly string[];
}

/** What a format has to write: only what it can say, nothing twice, sorted. */
export interface FeedContent {
  readonly heading: FeedHeading;
  readonly entries: readonly FeedEntry[];
  /** Trusted names below a blocked domain; none unless the format takes {@link FeedFormat.exceptions}. */
  readonly allowed: readonly string[];
}

/** How a kind of device is told of hosts. `write` is a pure function; its lines follow the heading's comment. */
export interface FeedFormat {
  /** Begins a comment line; null where the format has none. */
  readonly comment: string | null;
  /**
   * Whether an entry can be said: whole, or in part (a domain without the names below it), or not at all. A domain is
   * said alike whatever its name.
   */
  says(entry: FeedEntry): 'whole' | 'part' | null;
  /** Whether a trusted name below a blocked domain can be said; else such a domain is left out. */
  readonly exceptions: boolean;
  write(content: FeedContent): Iterable<string>;
}
