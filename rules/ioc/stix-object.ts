import { normaliseCidr } from './address.js';
import type { Problem } from './pattern.js';
import type { Comparison, Expression } from './stix-pattern.js';
import type { IndicatorType } from './value.js';

/** What a pattern asks a host to look for, before normalising. */
export interface Wanted {
  readonly type: IndicatorType;
  readonly text: string;
  /** Comparisons that the indicator does without: a port, a protocol. */
  readonly dropped?: string;
}

type Term = Comparison[];

const maxTerms = 10_000;
const hashTypes: Readonly<Record<string, IndicatorType>> = {
  md5: 'md5',
  'sha-1': 'sha1',
  sha1: 'sha1',
  'sha-256': 'sha256',
  sha256: 'sha256',
  imphash: 'imphash',
};
const strength: readonly IndicatorType[] = ['sha256', 'sha1', 'md5', 'imphash'];

/**
 * What any of which makes the expression true. AND is decided where one indicator can carry it: hashes (the
 * strongest stands for the file, whatever its name and size), a name with its folder, a registry key with its value; comparisons
 * of a reference's type say nothing more than its value does.
 */
export function wantedBy(expression: Expression): Wanted[] | Problem {
  const terms = termsOf(expression);
  if (!Array.isArray(terms)) return terms;
  const wanted: Wanted[] = [];
  for (const term of terms) {
    const found = wantedByTerm(term.filter(({ path }) => !/_ref\.type$/.test(path)));
    if (!Array.isArray(found)) return found;
    wanted.push(...found);
  }
  return wanted;
}

/** The disjunctive normal form: each term a list of comparisons that hold together. */
function termsOf(expression: Expression): Term[] | Problem {
  if (expression.kind === 'comparison') return [[expression]];
  let terms: Term[] = expression.kind === 'AND' ? [[]] : [];
  for (const part of expression.parts) {
    const more = termsOf(part);
    if (!Array.isArray(more)) return more;
    if (terms.length * more.length > maxTerms) return { problem: `expected at most ${maxTerms} cases, got more` };
    terms =
      expression.kind === 'OR' ? [...terms, ...more] : terms.flatMap((term) => more.map((rest) => [...term, ...rest]));
  }
  return terms;
}

/** Which port of a host, over which protocol: what a host's own indicator does without. */
const traffic = /^network-traffic:(?:(?:src|dst)_port|protocols(?:\[[*\d]+\])?|is_active)$/;
const host = /^(?:(?:domain-name|ipv[46]-addr):value|network-traffic:(?:src|dst)_ref\.value)$/;

function wantedByTerm(term: Term): Wanted[] | Problem {
  const [only] = term;
  const hosts = term.filter(({ path }) => host.test(path));
  const dropped = term.filter((comparison) => traffic.test(comparison.path) && isEqual(comparison));
  if (hosts.length === 1 && dropped.length > 0 && hosts.length + dropped.length === term.length) {
    const found = wantedByTerm(hosts);
    const said = [...new Set(dropped.map(({ path }) => path))].join(' and ');
    return Array.isArray(found) ? found.map((wanted) => ({ ...wanted, dropped: said })) : found;
  }
  if (only !== undefined && term.length === 1) return wantedByComparison(only);
  const hashes = term.filter((comparison) => hashTypeOf(comparison.path) !== null && isEqual(comparison));
  const types = hashes.map(({ path }) => hashTypeOf(path));
  const best = strength.find((type) => types.includes(type));
  const hash = hashes.find(({ path }) => hashTypeOf(path) === best);
  if (hash !== undefined && term.every(({ path, isNegated }) => /^(?:file|artifact):/.test(path) && !isNegated))
    return wantedByComparison(hash);
  const name = term.find(({ path }) => path === 'file:name');
  const folder = term.find(({ path }) => path === 'file:parent_directory_ref.path');
  if (term.length === 2 && name !== undefined && folder !== undefined && isEqual(name) && isEqual(folder))
    return [{ type: 'filename', text: `(?i)${escapePath(textOf(folder))}[\\\\/]${escape(textOf(name))}$` }];
  const key = term.find(({ path }) => /^win(?:dows)?-registry-key:key$/.test(path));
  const value = term.find(({ path }) => /^win(?:dows)?-registry-key:values(?:\[[*\d]+\])?\.name$/.test(path));
  if (term.length === 2 && key !== undefined && value !== undefined && isEqual(key) && isEqual(value))
    return [{ type: 'registry-key', text: `${textOf(key)}\\${textOf(value)}` }];
  return { problem: `expected what one indicator can say, got ${term.map(({ path }) => path).join(' AND ')}` };
}

function wantedByComparison(comparison: Comparison): Wanted[] | Problem {
  const { path, operator, values, isNegated } = comparison;
  if (isNegated || /^(?:!=|<>|<=?|>=?|ISSUPERSET)$/.test(operator))
    return { problem: `${path}: expected =, IN, LIKE, MATCHES or ISSUBSET, got ${isNegated ? 'NOT ' : ''}${operator}` };
  const wanted: Wanted[] = [];
  for (const value of values) {
    const found = wantedByValue(path, operator, String(value));
    if ('problem' in found) return { problem: `${path}: ${found.problem}` };
    wanted.push(found);
  }
  return wanted;
}

function wantedByValue(path: string, operator: string, text: string): Wanted | Problem {
  const hash = hashTypeOf(path);
  const isExact = /^(?:==?|IN)$/.test(operator);
  if (hash !== null) return isExact ? { type: hash, text } : unsupported(operator);
  switch (path.replace(/\[[*\d]+\]/g, '')) {
    case 'file:name':
    case 'process:name':
    case 'process:image_ref.name':
      if (operator === 'MATCHES') return { type: 'filename', text };
      if (operator === 'LIKE') return { type: 'filename', text: `(?i)(?:^|[\\\\/])${likeRegex(text)}$` };
      return isExact ? { type: 'filename', text: `(?i)(?:^|[\\\\/])${escape(text)}$` } : unsupported(operator);
    case 'file:parent_directory_ref.path':
    case 'directory:path':
      if (operator === 'MATCHES') return { type: 'filename', text };
      if (operator === 'LIKE') return { type: 'filename', text: `(?i)^${likeRegex(text)}[\\\\/]` };
      return isExact ? { type: 'filename', text: `(?i)${escapePath(text)}[\\\\/]` } : unsupported(operator);
    case 'domain-name:value':
    case 'network-traffic:dst_ref.value':
    case 'network-traffic:src_ref.value':
    case 'ipv4-addr:value':
    case 'ipv6-addr:value':
      return hostOf(operator, text);
    case 'url:value':
      return isExact ? { type: 'url', text } : unsupported(operator);
    case 'email-addr:value':
    case 'email-message:from_ref.value':
    case 'email-message:sender_ref.value':
      return isExact ? { type: 'email', text } : unsupported(operator);
    case 'mutex:name':
      return isExact ? { type: 'handle', text: escapeName(text) } : unsupported(operator);
    case 'win-registry-key:key':
    case 'windows-registry-key:key':
      return isExact ? { type: 'registry-key', text } : unsupported(operator);
    case 'process:command_line':
    case 'artifact:payload_bin': {
      const inside = operator === 'LIKE' ? /^%([^%_]+)%$/.exec(text)?.[1] : undefined;
      return inside === undefined
        ? { problem: `expected LIKE '%text%', got ${operator}` }
        : { type: 'keyword', text: inside };
    }
    default:
      return { problem: 'expected an object that a scan of a host can see, got one that it cannot' };
  }
}

/** A name stands for itself and what is below it, as in every list of bad domains. */
function hostOf(operator: string, text: string): Wanted | Problem {
  if (operator === 'LIKE') {
    const below = /^%\.?([^%_]+)$/.exec(text)?.[1];
    return below === undefined ? { problem: `expected LIKE '%.name', got '${text}'` } : { type: 'domain', text: below };
  }
  if (operator === 'MATCHES') return unsupported(operator);
  if (/^[0-9a-f:.]+\/\d+$/i.test(text)) {
    const network = normaliseCidr(text);
    return { type: network?.includes('/') === false ? 'ip' : 'cidr', text: network ?? text };
  }
  return { type: /^[\d.]+$/.test(text) || text.includes(':') ? 'ip' : 'domain', text };
}

function unsupported(operator: string): Problem {
  return { problem: `expected =, got ${operator}` };
}

function hashTypeOf(path: string): IndicatorType | null {
  const name = /^(?:file|artifact):hashes\.'?([\w-]+)'?$/.exec(path)?.[1];
  return name === undefined ? null : (hashTypes[name.toLowerCase()] ?? null);
}

function isEqual({ operator, isNegated, values }: Comparison): boolean {
  return /^==?$/.test(operator) && !isNegated && values.length === 1;
}

function textOf({ values }: Comparison): string {
  return String(values[0] ?? '');
}

function escape(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

function escapePath(text: string): string {
  return escape(text.replace(/[\\/]+$/, ''));
}

/** A mutex is compared as a whole; a name that looks like an expression is anchored and escaped. */
function escapeName(text: string): string {
  const scope = /^(?:Global|Local|BaseNamedObjects)\\+/.exec(text)?.[0] ?? '';
  const name = text.slice(scope.length);
  return /[\\.+*?()|[\]{}^$]/.test(name) ? `${scope}^${escape(name)}$` : text;
}

/** `%` stands for any text, `_` for one character (STIX 2.1 section 9.5). */
function likeRegex(text: string): string {
  return escape(text).replaceAll('%', '.*').replaceAll('_', '.');
}
