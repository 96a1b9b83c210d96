import { decodeUtf8, utf8 } from './bytes.js';
import { BaseError } from './error.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Deeper documents are refused before they are parsed (a nested bomb must not reach a recursive parser). */
export const maxJsonDepth = 32;

/**
 * RFC 8785 canonical JSON: no white space, members sorted by UTF-16 code units, numbers and strings as ECMAScript
 * serialises them. Members whose value is `undefined` are left out.
 *
 * @throws TypeError for what JSON cannot hold (NaN, infinities, functions, lone surrogates)
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical json: expected well-formed text, got a lone surrogate');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical json: expected a finite number, got ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    let text = '[';
    for (const entry of value) text += (text === '[' ? '' : ',') + canonicalJson(entry);
    return `${text}]`;
  }
  if (typeof value === 'object') {
    const members = value as Readonly<Record<string, unknown>>;
    let text = '{';
    for (const name of Object.keys(members).sort()) {
      const member = members[name];
      if (member !== undefined) text += `${text === '{' ? '' : ','}${canonicalJson(name)}:${canonicalJson(member)}`;
    }
    return `${text}}`;
  }
  throw new TypeError(`canonical json: expected a JSON value, got ${typeof value}`);
}

export function canonicalJsonBytes(value: unknown): Uint8Array {
  return utf8(canonicalJson(value));
}

/**
 * JSON from outside: UTF-8, at most {@link maxJsonDepth} levels, no duplicate member names, and none called `__proto__`:
 * copies of an object, those of a validating library too, lose such a member, so that what is checked is not what came.
 *
 * @throws BaseError `utf8-invalid`, `json-syntax`, `json-depth`, `json-duplicate-key`, `json-member-name`
 */
export function parseJson(source: Uint8Array | string, subject = 'json'): Json {
  const text = typeof source === 'string' ? source : decodeUtf8(source, subject);
  inspectMembers(text, subject);
  return parseInspected(text, subject);
}

/**
 * As {@link parseJson}, and the bytes must be the canonical form of what they say: one value, one spelling.
 *
 * @throws BaseError additionally `json-not-canonical`
 */
export function parseCanonicalJson(source: Uint8Array, subject = 'json'): Json {
  const text = decodeUtf8(source, subject);
  const { isSorted } = inspectMembers(text, subject);
  const value = parseInspected(text, subject);
  if (!(isSorted && isOwnSpelling(value, text)) && !isCanonical(value, text))
    throw new BaseError(
      'json-not-canonical',
      `${subject}: expected canonical JSON (RFC 8785), got JSON with other order, spacing or escapes`,
    );
  return value;
}

function parseInspected(text: string, subject: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const got = withoutQuotation((error as Error).message);
    throw new BaseError('json-syntax', `${subject}: expected JSON, got ${got}`, { cause: new SyntaxError(got) });
  }
}

/** The engine's words without the piece of the text that it quotes: in a key file that piece is a secret. */
function withoutQuotation(message: string): string {
  return /^(?:Unexpected token '.'(?=,)|[^"]+$)/su.exec(message)?.[0] ?? 'other text';
}

/**
 * The fast half of the canonical check: with members sorted, canonical JSON is what the engine itself writes, but for
 * members that look like array indexes (the engine moves them) and lone surrogates (it writes them as escapes).
 */
function isOwnSpelling(value: Json, text: string): boolean {
  return !/\\u[dD][89a-fA-F]/.test(text) && JSON.stringify(value) === text;
}

function isCanonical(value: Json, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    return false; // a lone surrogate, which has no canonical form
  }
}

/** One pass over the tokens; anything that is no JSON is left for JSON.parse to refuse with its own words. */
function inspectMembers(text: string, subject: string): { isSorted: boolean } {
  const open: (string[] | Set<string> | null)[] = []; // names of each open object, null for an array
  let isSorted = true;
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        if (open.length === maxJsonDepth)
          throw new BaseError('json-depth', `${subject}: expected at most ${maxJsonDepth} levels, got more`);
        expectsName = text[at] === '{';
        open.push(expectsName ? [] : null);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        expectsName = false;
        break;
      case 0x2c: // ,
        expectsName = (open.at(-1) ?? null) !== null;
        break;
      case 0x22: {
        const start = at;
        at = endOfString(text, start);
        if (!expectsName) break;
        expectsName = false;
        const name = unquote(text.slice(start, at + 1));
        if (name === '__proto__')
          throw new BaseError('json-member-name', `${subject}: expected no member called __proto__, got one`);
        const names = open.at(-1) ?? [];
        if (Array.isArray(names) && (names.length === 0 || (names.at(-1) ?? '') < name)) {
          names.push(name); // as long as names ascend, none can come twice
          break;
        }
        isSorted = false;
        const seen = names instanceof Set ? names : new Set(names);
        if (seen.has(name))
          throw new BaseError('json-duplicate-key', `${subject}: expected each member once, got "${name}" twice`);
        open[open.length - 1] = seen.add(name);
        break;
      }
    }
  }
  return { isSorted };
}

/** The index of the closing quote of the string that opens at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let escapes = 0;
    while (text[at - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return at;
  }
}

function unquote(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
