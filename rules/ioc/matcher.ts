import { HostMatcher } from './host-matcher.js';
import { hashesIn } from './hash-token.js';
import type { Indicator } from './indicator.js';
import { LiteralSearch } from './literal-search.js';
import { MultiMap } from './multi-map.js';
import { NameMatcher } from './name-matcher.js';
import { foldCase, isPlain, LazyRegex } from './pattern.js';
import { requiredLiteral } from './regex-literal.js';
import { handleScope, normaliseValue } from './value.js';

interface FileName<T> {
  readonly indicator: T;
  /** Null for a plain name, which its literal decides. */
  readonly regex: LazyRegex | null;
  readonly except: LazyRegex | null;
}

type Literal<T> =
  | { readonly kind: 'keyword' | 'registry-key'; readonly indicator: T }
  | { readonly kind: 'filename'; readonly name: FileName<T> };

// Every repetition before a fixed character is bounded: unbounded ones take quadratic time on hostile text.
const urlToken = /[a-z][a-z0-9+.-]{1,31}:\/\/[^\s"'<>|\\^`{}]+/gi;
const emailToken = /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9_.\-\u0080-\uFFFF]{3,253}/g;
const pipeToken = /\\pipe\\([^\s"'\\,;<>|]+)/gi;
const handleToken = /\b(Global|Local|BaseNamedObjects)\\{1,2}([^\s"'\\,;<>|]+)/g;

/** Spellings of a URL's host that only a URL parser reads: numbers, brackets, escapes. */
const oddHost = /:\/\/(?:[^\s/@]{0,256}@)?(?:[[%]|0x|\d+(?![\d.]))/i;

const hiveEnds: Readonly<Record<string, RegExp>> = {
  hklm: /(?:hklm:?|hkey_local_machine|\\registry\\machine)$/,
  hkcu: /(?:hkcu:?|hkey_current_user)$/,
  hku: /(?:hku:?|hkey_users|\\registry\\user)$/,
  hkcr: /(?:hkcr:?|hkey_classes_root)$/,
  hkcc: /(?:hkcc:?|hkey_current_config)$/,
};

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
  #hasUrls = false;
  #hasEmails = false;
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
          this.#hosts.add(indicator);
          break;
        case 'url':
          this.#hasUrls = true;
          this.#addGate(new URL(indicator.value).hostname.replace(/^\[|\]$/g, ''));
          this.#exact.add(indicator.value, indicator);
          break;
        case 'email':
          this.#hasEmails = true;
          this.#addGate(indicator.value.slice(indicator.value.lastIndexOf('@') + 1));
          this.#exact.add(indicator.value, indicator);
          break;
        case 'keyword':
          literals.push([foldCase(indicator.value), { kind: 'keyword', indicator }]);
          break;
        case 'registry-key':
          literals.push([
            foldCase(indicator.value.slice(indicator.value.indexOf('\\'))),
            { kind: 'registry-key', indicator },
          ]);
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

  /** A whole path or a file name. */
  matchPath(path: string): T[] {
    const found = new Set<T>();
    for (const { value } of this.#literals.find(foldCase(path)))
      if (value.kind === 'filename' && isHit(value.name, path)) found.add(value.name.indicator);
    for (const name of this.#always) if (isHit(name, path)) found.add(name.indicator);
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
      } else if (isKeyAt(folded, value.indicator.value, start, end)) found.add(value.indicator);
    }
    for (const name of this.#always) if (isHit(name, text)) found.add(name.indicator);
    addAll(this.#hosts.matchText(text));
    if (this.#hashes.size > 0) for (const hash of hashesIn(text)) addAll(this.matchHash(hash));
    if (this.#hasUrls && text.includes('://'))
      for (const [url] of text.matchAll(urlToken)) {
        addAll(this.#matchExact('url', url));
        addAll(this.#matchExact('url', url.replace(/[)\].,;:!?]+$/, '')));
      }
    if (this.#hasEmails && text.includes('@'))
      for (const [email] of text.matchAll(emailToken)) addAll(this.#matchExact('email', email.replace(/\.$/, '')));
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
      this.#literals.isIn(foldCase(text)) ||
      this.#hosts.mayMatchText(text) ||
      (this.#hashes.size > 0 && hashesIn(text).some((hash) => this.#hashes.has(hash.toLowerCase()))) ||
      (this.#hasUrls && text.includes('://') && (this.#hasGatelessUrls || oddHost.test(text))) ||
      (text.includes('\\') &&
        ((!this.#pipes.isEmpty && /\\pipe\\/i.test(text)) ||
          (!this.#handles.isEmpty && /(?:Global|Local|BaseNamedObjects)\\/.test(text))))
    );
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
    };
    const literal = isName ? foldCase(indicator.value) : requiredLiteral(indicator.value);
    if (literal === null) this.#always.push(name);
    else literals.push([literal, { kind: 'filename', name }]);
  }
}

/** The false-positive expression is tried only where the other one hit. */
function isHit<T>({ regex, except }: FileName<T>, text: string): boolean {
  return (regex === null || regex.test(text)) && except?.test(text) !== true;
}

/** Whether the path of keys found at `start` belongs to the hive of `key`, and no longer name goes on at `end`. */
function isKeyAt(text: string, key: string, start: number, end: number): boolean {
  if (/[\w.-]/.test(text[end] ?? '')) return false;
  return hiveEnds[key.slice(0, key.indexOf('\\'))]?.test(text.slice(Math.max(0, start - 24), start)) === true;
}

function unique<T>(values: readonly T[]): T[] {
  return values.length < 2 ? [...values] : [...new Set(values)];
}
