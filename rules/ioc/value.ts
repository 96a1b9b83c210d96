import { normaliseCidr, normaliseIp } from './address.js';
import { normaliseDomain, refang } from './domain.js';
import { expandVariables } from './environment.js';
import { isPlain, maxPatternLength, normaliseRegex, type Problem } from './pattern.js';
import { normaliseRegistryKey } from './registry-key.js';

export const indicatorTypes = [
  'md5',
  'sha1',
  'sha256',
  'imphash',
  'filename',
  'domain',
  'fqdn',
  'ip',
  'cidr',
  'url',
  'email',
  'keyword',
  'pipe',
  'handle',
  'registry-key',
] as const;

export type IndicatorType = (typeof indicatorTypes)[number];

export const minKeywordLength = 3;
export const maxTextLength = 4096;

const hashLengths: Readonly<Record<string, number>> = { md5: 32, imphash: 32, sha1: 40, sha256: 64 };

/**
 * The one spelling of an indicator's value, as `docs/spec/indicators.md` fixes it for each type; normalising a
 * normalised value changes nothing.
 */
export function normaliseValue(type: IndicatorType, text: string): string | Problem {
  switch (type) {
    case 'md5':
    case 'imphash':
    case 'sha1':
    case 'sha256':
      return normaliseHash(type, text);
    case 'domain':
    case 'fqdn':
      return normaliseDomain(text) ?? { problem: `expected a domain name, got ${quote(text)}` };
    case 'ip':
      return normaliseIp(refang(text)) ?? { problem: `expected an IP address, got ${quote(text)}` };
    case 'cidr':
      return normaliseNetwork(refang(text));
    case 'url':
      return normaliseUrl(text);
    case 'email':
      return normaliseEmail(text);
    case 'filename':
      return normaliseFileName(text);
    case 'pipe':
      return normalisePipe(text);
    case 'handle':
      return normaliseHandle(text);
    case 'registry-key':
      return (
        normaliseRegistryKey(text) ?? {
          problem: `expected a registry key under HKLM, HKCU, HKU, HKCR or HKCC, got ${quote(text)}`,
        }
      );
    case 'keyword':
      return normaliseKeyword(text);
  }
}

/** The hash type that a text's length tells, or null; 32 digits are taken as MD5 (an imphash is one too). */
export function hashTypeOf(text: string): 'md5' | 'sha1' | 'sha256' | null {
  if (!/^[0-9a-fA-F]+$/.test(text)) return null;
  return text.length === 64 ? 'sha256' : text.length === 40 ? 'sha1' : text.length === 32 ? 'md5' : null;
}

export function quote(text: string): string {
  return `"${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}

function normaliseHash(type: string, text: string): string | Problem {
  const length = hashLengths[type] ?? 0;
  if (text.length === length && /^[0-9a-fA-F]+$/.test(text)) return text.toLowerCase();
  return { problem: `expected ${length} hex digits, got ${quote(text)}` };
}

function normaliseNetwork(text: string): string | Problem {
  const network = normaliseCidr(text);
  if (network === null) return { problem: `expected a network as address/prefix, got ${quote(text)}` };
  if (!network.includes('/')) return { problem: `expected more than one address, got ${quote(text)}` };
  if (network.endsWith('/0')) return { problem: `expected less than every address, got ${quote(text)}` };
  return network;
}

/** WHATWG URL, refanged, without fragment, credentials and the root's dot, and without a lone `/` as its path. */
function normaliseUrl(text: string): string | Problem {
  const refanged = refang(text);
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(refanged) && URL.canParse(refanged) ? new URL(refanged) : null;
  if (url === null || url.hostname === '' || text.length > maxTextLength)
    return { problem: `expected a URL of at most ${maxTextLength} characters, got ${quote(text)}` };
  url.hash = '';
  url.username = '';
  url.password = '';
  if (/[^.]\.$/.test(url.hostname)) url.hostname = url.hostname.slice(0, -1); // the root's dot, which names the same host
  return url.pathname === '/' && url.search === '' ? url.href.replace(/\/$/, '') : url.href;
}

function normaliseEmail(text: string): string | Problem {
  const refanged = refang(text).toLowerCase();
  const at = refanged.lastIndexOf('@');
  const domain = normaliseDomain(refanged.slice(at + 1));
  if (at < 1 || at > 64 || domain === null || /[\s"<>@]/.test(refanged.slice(0, at)))
    return { problem: `expected an e-mail address, got ${quote(text)}` };
  return `${refanged.slice(0, at)}@${domain}`;
}

/** A name without special characters is searched for in any case, so it has no case of its own; `%TEMP%` is written out. */
function normaliseFileName(written: string): string | Problem {
  const text = written.includes('%') ? expandVariables(written) : written;
  if (typeof text !== 'string') return text;
  if (!isPlain(text)) return normaliseRegex(text);
  if (text.length < minKeywordLength || text.length > maxPatternLength)
    return { problem: `expected ${minKeywordLength} to ${maxPatternLength} characters, got ${quote(text)}` };
  return text.toLowerCase();
}

function normalisePipe(text: string): string | Problem {
  const name = text.replace(/^(?:\\\\\.)?\\(?:device\\named)?pipe\\/i, '');
  if (name === '') return { problem: 'expected the name of a pipe, got none' };
  if (isPlain(name)) return name.length > maxPatternLength ? tooLong(name, maxPatternLength) : name.toLowerCase();
  const regex = normaliseRegex(name);
  return typeof regex === 'string' ? regex.replace(/^\(\?i\)/, '') : regex;
}

/** `Global\` and `BaseNamedObjects\` in front of a handle's name say where it lives; written with one backslash or two. */
export const handleScope = /^\\{0,2}(Global|Local|BaseNamedObjects)\\{1,2}(?=[^\\])/;

function normaliseHandle(text: string): string | Problem {
  const scope = handleScope.exec(text);
  const name = scope === null ? text : text.slice(scope[0].length);
  if (name === '') return { problem: 'expected the name of a mutex, event or section, got none' };
  if (name.length > maxPatternLength) return tooLong(name, maxPatternLength);
  const normal = isPlain(name) ? name : normaliseRegex(name);
  return typeof normal === 'string' && scope !== null ? `${scope[1] ?? ''}\\${normal}` : normal;
}

function normaliseKeyword(text: string): string | Problem {
  if (text.length < minKeywordLength)
    return { problem: `expected at least ${minKeywordLength} characters, got ${quote(text)}` };
  return text.length > maxTextLength ? tooLong(text, maxTextLength) : text;
}

function tooLong(text: string, max: number): Problem {
  return { problem: `expected at most ${max} characters, got ${text.length}` };
}
