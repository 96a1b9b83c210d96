/** What a matrix can ask of an event: closed lists, so that a misspelt name is a fault and not a rule that never holds. */

export const sheets = ['antivirus', 'proxy'] as const;
/** What kind of event a matrix grades. */
export type Sheet = (typeof sheets)[number];

export type FactKind = 'text' | 'number';

interface FactTraits {
  readonly kind: FactKind;
  /** `false`: worked out of other facts alone, never read from a field. */
  readonly isRead?: false;
  /** Facts that it is worked out of where no field holds it. */
  readonly outOf?: readonly string[];
}

const text: FactTraits = { kind: 'text' };
const number: FactTraits = { kind: 'number' };

/** Worked out for both sheets from the event's time, in the matrix's time zone. */
const clockFacts = {
  /** 0 to 23. */
  hour: { kind: 'number', isRead: false },
  /** `monday` to `sunday`. */
  weekday: { kind: 'text', isRead: false },
} as const satisfies Record<string, FactTraits>;

const whoAndWhere = { user: text, system: text, systemType: text } as const;

const antivirusFacts = {
  signature: text,
  /** Each path that the event names, without the product's own prefixes (`file:_`). */
  path: text,
  fileName: { kind: 'text', outOf: ['path'] },
  /** With its dot, lower case. */
  extension: { kind: 'text', outOf: ['fileName', 'path'] },
  fileType: text,
  ...whoAndWhere,
  action: text,
  /** Whether the action succeeded, in the product's words. */
  result: text,
  severity: text,
  category: text,
  process: text,
  /** Where the product met the file: real-time, scan, network share, mail. */
  origin: text,
  eventId: number,
  ...clockFacts,
} as const satisfies Record<string, FactTraits>;

const proxyFacts = {
  category: text,
  userAgent: text,
  /** Characters. */
  userAgentLength: { kind: 'number', isRead: false },
  method: text,
  /** As the log has it, or put together out of host, path and query. */
  uri: { kind: 'text', outOf: ['host'] },
  path: { kind: 'text', outOf: ['uri'] },
  query: text,
  host: { kind: 'text', outOf: ['uri'] },
  /** `name`, `public-address` or `private-address`. */
  hostKind: { kind: 'text', isRead: false },
  /** Bits a character of the longest label of the name, from 12 characters on. */
  hostEntropy: { kind: 'number', isRead: false },
  /** Bits a character of the longest part of the path, from 20 characters on. */
  pathEntropy: { kind: 'number', isRead: false },
  port: { kind: 'number', outOf: ['host', 'uri'] },
  status: number,
  bytesSent: number,
  bytesReceived: number,
  /** What the proxy says about certificate and encryption. */
  tls: text,
  fileName: { kind: 'text', outOf: ['path', 'uri'] },
  extension: { kind: 'text', outOf: ['fileName', 'path', 'uri'] },
  fileType: text,
  scanResult: text,
  action: text,
  referrer: text,
  ...whoAndWhere,
  ...clockFacts,
} as const satisfies Record<string, FactTraits>;

const factsBySheet: Readonly<Record<Sheet, Readonly<Record<string, FactTraits>>>> = {
  antivirus: antivirusFacts,
  proxy: proxyFacts,
};

export type AntivirusFact = keyof typeof antivirusFacts;
export type ProxyFact = keyof typeof proxyFacts;

export function factNames(sheet: Sheet): string[] {
  return Object.keys(factsBySheet[sheet]);
}

/** Null for a name that is no fact of the sheet. */
export function factKind(sheet: Sheet, name: string): FactKind | null {
  const facts = factsBySheet[sheet];
  return Object.hasOwn(facts, name) ? (facts[name]?.kind ?? null) : null;
}

/** The facts that fields can hold and that it is then worked out of, besides itself. */
export function originsOf(sheet: Sheet, name: string): readonly string[] {
  return factsBySheet[sheet][name]?.outOf ?? [];
}

/** Whether fields of events can hold it. */
export function isReadFact(sheet: Sheet, name: string): boolean {
  return factKind(sheet, name) !== null && factsBySheet[sheet][name]?.isRead !== false;
}
