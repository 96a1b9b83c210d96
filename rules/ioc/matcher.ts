import { HostMatcher } from './host-matcher.js';
import { hashesIn } from './hash-token.js';
import type { Indicator } from './indicator.js';
import { LiteralSearch } from './literal-search.js';
import { MultiMap } from './multi-map.js';
import { NameMatcher } from './name-matcher.js';
import { foldCase, isPlain, LazyRegex } from './pattern.js';
import { requiredNameLiteral } from './regex-literal.js';
import { maxBeforeLength, registryPlaceOf } from './registry-key.js';
import { mayHoldUrl, percentDecoded, urlsIn } from './url-token.js';
import { handleScope, normaliseValue } from './value.js';

interface FileName<T> {
  readonly indicator: T;
  /** Null for a plain name, which its literal decides. */
  readonly regex: LazyRegex | null;
  readonly except: LazyRegex | null;
  /** Whether some way through the expression may begin with a separator, and none is bound to the text's beginning. */
  readonly wantsSeparator: boolean;
}

type Literal<T> =
  | { readonly kind: 'keyword'; readonly indicator: T }
  | { readonly kind: 'registry-key'; readonly indicator: T; readonly before: RegExp }
  | { readonly kind: 'filename'; readonly name: FileName<T> };

// Every repetition before a fixed character is bounded: unbounded ones take quadratic time on hostile text.
const emailToken = /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9_.\-\u0080-\uFFFF]{3,253}/g;
const pipeToken = /\\pipe\\([^\s"'\\,;<>|]+)/gi;
const handleToken = /\b(Global|Local|BaseNamedObjects)\\{1,2}([^\s"'\\,;<>|]+)/g;

/** Spellings of a URL's host that only a URL parser reads: numbers, brackets, escapes. */
const oddHost = /:\/\/(?:[^\s/@]{0,256}@)?(?:[[%]|0x|\d+(?![\d.]))/i;

/**
 * Answers which indicators a value or a text holds: hashes, hosts and URLs by table, networks by prefix, keywords and file
 * names in one pass over the text, expressions only after their literal. Trusted indicators are found like the others;
 * their `role` tells them apart. An indicator is reported once a call.
 */
export class IndicatorMatcher<T extends Indicator> {
  readonly #hashes = new MultiMap<string, T>();
  readonly #exact = new MultiMap<string, T>();
  readonly #hosts = new HostMatcher<T>();
  readonly #pipes: NameMatcher<T>;
  readonly #handles: NameMatcher<T>;
  readonly #literals: LiteralSearch<Literal<T>>;
  readonly #always: FileName<T>[] = [];
  /** Whether any host, URL or e-mail address is looked for. */
  #hasNet = false;
  #hasUrls = false;
  #hasEmails = false;
  #hasRegistryKeys = false;
  #hasGatelessUrls = false;

  constructor(indicators: Iterable<T>) {
    const literals: [string, Literal<T>][] = [];
    const pipes: T[] = [];
    const handles: T[] = [];
    for (const indicator of indicators)
      switch (indicator.type) {
        case 'md5':
        case 'sha1':
        case 'sha256':
        case 'imphash':
          this.#hashes.add(indicator.value, indicator);
          break;
        case 'domain':
        case 'fqdn':
        case 'ip':
        case 'cidr':
          this.#hasNet = true;
          this.#hosts.add(indicator);
          break;
        case 'url':
          this.#hasUrls = true;
          this.#hasNet = true;
          this.#addGate(new URL(indicator.value).hostname.replace(/^\[|\]$/g, ''));
          this.#exact.add(indicator.value, indicator);
          break;
        case 'email':
          this.#hasEmails = true;
          this.#hasNet = true;
          this.#addGate(indicator.value.slice(indicator.value.lastIndexOf('@') + 1));
          this.#exact.add(indicator.value, indicator);
          break;
        case 'keyword':
          literals.push([foldCase(indicator.value), { kind: 'keyword', indicator }]);
          break;
        case 'registry-key':
          this.#addRegistryKey(indicator, literals);
          break;
        case 'filename':
          this.#addFileName(indicator, literals);
          break;
        case 'pipe':
          pipes.push(indicator);
          break;
        case 'handle':
          handles.push(indicator);
          break;
        default:
          indicator.type satisfies never;
      }
    this.#pipes = new NameMatcher(pipes, false);
    this.#handles = new NameMatcher(handles, true);
    this.#literals = new LiteralSearch(literals);
  }

  /** Hex of a MD5, SHA-1, SHA-256 or imphash, in any case. */
  matchHash(hash: string): readonly T[] {
    return this.#hashes.get(hash.toLowerCase());
  }

  /** A domain name or an address. */
  matchHost(host: string): T[] {
    return unique(this.#hosts.match(host));
  }

  /** The URL itself, and its host. */
  matchUrl(url: string): T[] {
    const normal = normaliseValue('url', url);
    if (typeof normal !== 'string') return [];
    return unique([...this.#exact.get(normal), ...this.#hosts.match(new URL(normal).hostname.replace(/^\[|\]$/g, ''))]);
  }

  /**
   * A whole path or a file name. Where no folder stands in front (the root of an archive, a column of names), an expression
   * that wants a separator there finds the name all the same.
   */
  matchPath(path: string): T[] {
    const found = new Set<T>();
    for (const { value } of this.#literals.find(foldCase(path)))
      if (value.kind === 'filename' && isPathHit(value.name, path)) found.add(value.name.indicator);
    for (const name of this.#always) if (isPathHit(name, path)) found.add(name.indicator);
    return [...found];
  }

  /** The name of a pipe, with or without `\\.\pipe\` in front. */
  matchPipe(name: string): T[] {
    return this.#pipes.match(name.replace(/^(?:.*\\pipe\\|\\+)/i, ''));
  }

  /** The name of a mutex, event or section, with or without its name space in front. */
  matchHandle(name: string): T[] {
    const local = name.replace(/^.*\\(?=BaseNamedObjects\\)/, '');
    const scope = handleScope.exec(local);
    return scope === null
      ? this.#handles.match(local)
      : this.#handles.match(local.slice(scope[0].length), scope[1] ?? null);
  }

  /** Everything that any indicator can be found by in free text: a log line, a field, a script, a command line. */
  matchText(text: string): T[] {
    const found = new Set<T>();
    const addAll = (indicators: readonly T[]): void => {
      for (const indicator of indicators) found.add(indicator);
    };
    const folded = foldCase(text);
    for (const { value, start, end } of this.#literals.find(folded)) {
      if (value.kind === 'filename') {
        if (!found.has(value.name.indicator) && isHit(value.name, text)) found.add(value.name.indicator);
      } else if (value.kind === 'keyword') {
        if (text.includes(value.indicator.value)) found.add(value.indicator);
      } else if (isKeyAt(folded, value.before, start, end)) found.add(value.indicator);
    }
    if (this.#hasRegistryKeys && folded.includes('\\\\')) this.#matchKeysIn(folded.replace(/\\{2,}/g, '\\'), found);
    for (const name of this.#always) if (isHit(name, text)) found.add(name.indicator);
    addAll(this.#matchNet(text));
    const decoded = this.#hasNet ? percentDecoded(text) : null;
    if (decoded !== null) addAll(this.#matchNet(decoded));
    if (this.#hashes.size > 0) for (const hash of hashesIn(text)) addAll(this.matchHash(hash));
    if (!this.#pipes.isEmpty) for (const [, name = ''] of text.matchAll(pipeToken)) addAll(this.#pipes.match(name));
    if (!this.#handles.isEmpty)
      for (const [, scope = '', name = ''] of text.matchAll(handleToken)) addAll(this.#handles.match(name, scope));
    return [...found];
  }

  /**
   * Whether {@link matchText} may find something in a line of `text`; false is sure. Asked of many lines at once, it saves
   * to look at each of them. No expression is tried.
   */
  mayMatchText(text: string): boolean {
    return (
      this.#always.length > 0 ||
      this.#mayHoldLiteral(foldCase(text)) ||
      this.#mayHoldNet(text) ||
      this.#mayHoldEncodedNet(text) ||
      (this.#hashes.size > 0 && hashesIn(text).some((hash) => this.#hashes.has(hash.toLowerCase()))) ||
      (text.includes('\\') &&
        ((!this.#pipes.isEmpty && /\\pipe\\/i.test(text)) ||
          (!this.#handles.isEmpty && /(?:Global|Local|BaseNamedObjects)\\/.test(text))))
    );
  }

  /** Hosts, URLs and e-mail addresses. */
  #matchNet(text: string): T[] {
    const found = this.#hosts.matchText(text);
    if (this.#hasUrls && mayHoldUrl(text))
      for (const url of urlsIn(text)) for (const indicator of this.#matchExact('url', url)) found.push(indicator);
    if (this.#hasEmails && text.includes('@'))
      for (const [email] of text.matchAll(emailToken))
        for (const indicator of this.#matchExact('email', email.replace(/\.$/, ''))) found.push(indicator);
    return found;
  }

  #mayHoldNet(text: string): boolean {
    return (
      this.#hosts.mayMatchText(text) ||
      (this.#hasUrls && mayHoldUrl(text) && (this.#hasGatelessUrls || oddHost.test(text)))
    );
  }

  #mayHoldEncodedNet(text: string): boolean {
    const decoded = this.#hasNet ? percentDecoded(text) : null;
    return decoded !== null && this.#mayHoldNet(decoded);
  }

  /** Keys in JSON and in C strings have their backslashes twice. */
  #matchKeysIn(folded: string, found: Set<T>): void {
    for (const { value, start, end } of this.#literals.find(folded))
      if (value.kind === 'registry-key' && isKeyAt(folded, value.before, start, end)) found.add(value.indicator);
  }

  #mayHoldLiteral(folded: string): boolean {
    return (
      this.#literals.isIn(folded) ||
      (this.#hasRegistryKeys && folded.includes('\\\\') && this.#literals.isIn(folded.replace(/\\{2,}/g, '\\')))
    );
  }

  #addRegistryKey(indicator: T, literals: [string, Literal<T>][]): void {
    this.#hasRegistryKeys = true;
    const { tail, before } = registryPlaceOf(indicator.value);
    literals.push([tail, { kind: 'registry-key', indicator, before }]);
  }

  #matchExact(type: 'url' | 'email', text: string): readonly T[] {
    const normal = normaliseValue(type, text);
    return typeof normal === 'string' ? this.#exact.get(normal) : [];
  }

  /** Without the host of a URL or e-mail address in a text, it is not worth to look for these in it. */
  #addGate(host: string): void {
    if (/[.:]/.test(host)) this.#hosts.addGate(host);
    else this.#hasGatelessUrls = true; // a host without a dot is not found in texts
  }

  #addFileName(indicator: T, literals: [string, Literal<T>][]): void {
    const isName = isPlain(indicator.value);
    const name: FileName<T> = {
      indicator,
      regex: isName ? null : new LazyRegex(indicator.value),
      except: indicator.falsePositive === undefined ? null : new LazyRegex(indicator.falsePositive),
      wantsSeparator: !isName && /[\\/]/.test(indicator.value) && !/(?<![\\[])\^/.test(indicator.value),
    };
    const literal = isName ? foldCase(indicator.value) : requiredNameLiteral(indicator.value);
    if (literal === null) this.#always.push(name);
    else literals.push([literal, { kind: 'filename', name }]);
  }
}

/** As {@link isHit}, of a path that may lack the separator in front of its first name. */
function isPathHit<T>(name: FileName<T>, path: string): boolean {
  if (isHit(name, path)) return true;
  if (!name.wantsSeparator || /^(?:[\\/]|[A-Za-z]:)/.test(path)) return false;
  return isHit(name, `/${path}`) || isHit(name, `\\${path}`);
}

/** The false-positive expression is tried only where the other one hit. */
function isHit<T>({ regex, except }: FileName<T>, text: string): boolean {
  return (regex === null || regex.test(text)) && except?.test(text) !== true;
}

/** Whether what stands before `start` is a spelling of the hive, and no longer name goes on at `end`. */
function isKeyAt(text: string, before: RegExp, start: number, end: number): boolean {
  if (/[\w.-]/.test(text[end] ?? '')) return false;
  return before.test(text.slice(Math.max(0, start - maxBeforeLength), start));
}

function unique<T>(values: readonly T[]): T[] {
  return values.length < 2 ? [...values] : [...new Set(values)];
}
