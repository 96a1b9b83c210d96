import type { Fault } from '../fault.js';
import { defaultScore, indicatorId, maxScore, type Indicator } from './indicator.js';
import { normaliseRegex, type Problem } from './pattern.js';
import { commonNamesHit, tooWide } from './common-name.js';
import { parseC2Entry } from './c2-entry.js';
import { hashTypeOf, normaliseValue, quote, type IndicatorType } from './value.js';

export type IocFaultCode =
  | 'tag-ambiguous'
  | 'file-binary'
  | 'control-character'
  | 'list-empty'
  | 'value-invalid'
  | 'score-invalid'
  | 'score-missing'
  | 'column-unexpected'
  | 'false-positive-invalid'
  | 'space-around'
  | 'port-dropped'
  | 'scheme-unknown'
  | 'duplicate'
  | 'faults-left-out';

export interface IocFile {
  readonly indicators: Indicator[];
  readonly faults: Fault[];
}

/** A list of garbage is described by its first faults and a count. */
export const maxFaults = 1000;

type ListKind = 'c2' | 'filename' | 'hash' | 'trusted-hash' | 'trusted-domain' | 'keyword' | 'handle' | 'pipe';

const tags: readonly (readonly [tag: string, kind: ListKind])[] = [
  ['falsepositive-hash(?:es)?', 'trusted-hash'],
  ['trusted-hash(?:es)?', 'trusted-hash'],
  ['trusted-domains?', 'trusted-domain'],
  ['hash(?:es)?', 'hash'],
  ['filenames?', 'filename'],
  ['keywords?', 'keyword'],
  ['handles?', 'handle'],
  ['pipes?', 'pipe'],
  ['c2|domains', 'c2'],
];

/**
 * The kinds that a file's name announces: a tag between characters that are no word characters (`my-c2-iocs.txt`, not
 * `myc2iocs.txt`), or at the front (`hash-iocs.txt`, as LOKI names them).
 */
export function listKindsOf(fileName: string): ListKind[] {
  const kinds = new Set<ListKind>();
  let name = fileName.slice(fileName.lastIndexOf('/') + 1).toLowerCase();
  for (const [tag, kind] of tags) {
    const pattern = new RegExp(`(?<=^|\\W)(?:${tag})(?=\\W)`, 'g');
    const rest = name.replace(pattern, ' ');
    if (rest !== name) kinds.add(kind);
    name = rest;
  }
  return [...kinds];
}

/**
 * Reads a text list of indicators (THOR's and LOKI's custom-signatures): one a line, columns divided by `;`, `#` for
 * comments. A broken line gives a fault and the others load. Null when the file's name carries no tag.
 */
export function parseIocFile(text: string, file: string): IocFile | null {
  const kinds = listKindsOf(file);
  const [kind] = kinds;
  if (kind === undefined) return null;
  const list = new ListReader(kind, file);
  if (kinds.length > 1)
    list.fault('tag-ambiguous', 'error', `file name: expected one tag, got ${kinds.join(' and ')}`, 1, 1);
  else if (isBinary(text)) list.fault('file-binary', 'error', 'file: expected text, got binary data', 1, 1);
  else list.read(text);
  return list.result();
}

const control = /[^\P{Cc}\t\n\r\u0080-\u009f]/u;

/** A control character now and then is a slip in a line; where there are many, it is no list. */
function isBinary(text: string): boolean {
  if (!control.test(text)) return false;
  let controls = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7f || (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d)) controls++;
  }
  return controls * 20 > text.length;
}

interface Column {
  readonly text: string;
  /** Counts from 1. */
  readonly column: number;
}

/** A hash alone, in quotes, with a comma, with the name of its file as `sha256sum` writes it, or with `# comment` behind. */
const hashWithName = /^["']?([0-9a-fA-F]{32,64})["']?,?(?:\s+[*#]*\s*(.*))?$/;

/** Holds the state of one reading: the current comment, the ids met, and nothing of the line before. */
class ListReader {
  readonly #kind: ListKind;
  readonly #file: string;
  readonly #indicators: Indicator[] = [];
  readonly #lines = new Map<string, number>();
  readonly #faults: Fault[] = [];
  #leftOut = 0;
  #comment = '';

  constructor(kind: ListKind, file: string) {
    this.#kind = kind;
    this.#file = file;
  }

  /** Lines end in LF, CRLF or CR. */
  read(written: string): void {
    const text = /\r(?!\n)/.test(written) ? written.replace(/\r\n?/g, '\n') : written;
    let line = 1;
    for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length; line++) {
      let end = text.indexOf('\n', at);
      if (end < 0) end = text.length;
      const stop = end > at && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
      this.#readLine(text.slice(at, stop), line);
      at = end + 1;
    }
    if (this.#indicators.length === 0 && this.#faults.length === 0 && !this.#kind.startsWith('trusted'))
      this.fault('list-empty', 'warning', `file: expected at least one ${nouns[this.#kind]}, got none`, 1, 1);
  }

  result(): IocFile {
    if (this.#leftOut > 0) {
      const message = `file: expected at most ${maxFaults} faults, got ${this.#leftOut} more`;
      const place = { file: this.#file };
      this.#faults.push({ code: 'faults-left-out', message, place, severity: 'error' });
    }
    return { indicators: this.#indicators, faults: this.#faults };
  }

  fault(code: IocFaultCode, severity: Fault['severity'], message: string, line: number, column: number): void {
    if (this.#faults.length >= maxFaults) this.#leftOut++;
    else this.#faults.push({ code, message, place: { file: this.#file, line, column }, severity });
  }

  #readLine(raw: string, line: number): void {
    if (raw.trim() === '') return;
    const at = raw.search(control);
    if (at >= 0) {
      const code = raw.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0');
      this.fault(
        'control-character',
        'error',
        `line: expected text, got the control character U+${code}`,
        line,
        at + 1,
      );
      return;
    }
    if ((this.#kind === 'keyword' ? raw : raw.trimStart()).startsWith('#')) {
      this.#comment = cut(raw.replace(/^\s*#+/, '').trim());
      return;
    }
    switch (this.#kind) {
      case 'keyword':
        this.#readKeyword(raw, line);
        break;
      case 'c2':
      case 'trusted-domain':
        this.#readC2(raw, line);
        break;
      case 'hash':
      case 'trusted-hash':
        this.#readHash(columnsOf(raw), line);
        break;
      case 'filename':
        this.#readFileName(columnsOf(raw), line);
        break;
      case 'pipe':
      case 'handle':
        this.#readName(this.#kind, columnsOf(raw), line);
        break;
    }
  }

  /** `KEYWORD`: the line as it is, because it is searched for as it is. */
  #readKeyword(raw: string, line: number): void {
    if (raw.trim() !== raw)
      this.fault('space-around', 'warning', `keyword: expected no space around it, got ${quote(raw)}`, line, 1);
    this.#add({ column: 1, text: raw }, 'keyword', normaliseValue('keyword', raw), line, {
      description: this.#comment,
    });
  }

  /** `IOC[;SCORE]`; the comment line above describes all that follow. */
  #readC2(raw: string, line: number): void {
    if (/^\s*!/.test(raw)) return; // a comment in lists of ad blockers
    const [, body = raw, behind = ''] = /^(.*?)\s+#+\s*(.*)$/s.exec(raw) ?? [];
    const [value, score, ...rest] = columnsOf(body);
    if (value === undefined || !this.#endsAfter(rest, 'IOC;SCORE', line)) return;
    const points = this.#score(score, line);
    if (points === null) return;
    const entry = parseC2Entry(value.text);
    if ('problem' in entry) {
      this.fault('value-invalid', 'error', `${nouns[this.#kind]}: ${entry.problem}`, line, value.column);
      return;
    }
    const { wanted, note } = entry;
    if (note !== null) this.fault(note.code, 'warning', `${nouns[this.#kind]}: ${note.said}`, line, value.column);
    const details = { description: cut(behind) || this.#comment, score: points };
    for (const { type, value: normal } of wanted) this.#add(value, type, normal, line, details);
  }

  /** `HASH[;COMMENT]` or `HASH;SCORE[;COMMENT]`; a comment may hold `;`. */
  #readHash([value, second, ...rest]: Column[], line: number): void {
    if (value === undefined) return;
    const isScore = second !== undefined && /^[+-]?\d+$/.test(second.text);
    const score = isScore ? this.#score(second, line) : defaultScore;
    if (score === null) return;
    const columns = (isScore || second === undefined ? rest : [second, ...rest]).map(({ text }) => text).join(';');
    const [, hash = value.text, behind = ''] = hashWithName.exec(value.text) ?? [];
    const type = hashTypeOf(hash);
    const normal =
      type === null
        ? { problem: `expected the hex digits of an MD5, SHA-1 or SHA-256, got ${quote(value.text)}` }
        : hash.toLowerCase();
    this.#add(value, type ?? 'md5', normal, line, { description: cut(columns === '' ? behind : columns), score });
  }

  /** `REGEX;SCORE[;FALSE-POSITIVE-REGEX]`; the comment line above describes all that follow. */
  #readFileName([value, score, falsePositive, ...rest]: Column[], line: number): void {
    if (value === undefined || !this.#endsAfter(rest, 'REGEX;SCORE;FALSE-POSITIVE-REGEX', line)) return;
    if (score === undefined || score.text === '')
      this.fault('score-missing', 'warning', `score: expected REGEX;SCORE, got none (${defaultScore} taken)`, line, 1);
    const points = this.#score(score, line);
    if (points === null) return;
    const except = falsePositive === undefined || falsePositive.text === '' ? '' : normaliseRegex(falsePositive.text);
    if (typeof except !== 'string') {
      const message = `false-positive regex: ${except.problem}`;
      this.fault('false-positive-invalid', 'error', message, line, falsePositive?.column ?? 1);
      return;
    }
    const details = { description: this.#comment, score: points, falsePositive: except };
    this.#add(value, 'filename', normaliseValue('filename', value.text), line, details);
  }

  /** Pipes: `REGEX[;SCORE][;COMMENT]`. Handles: `VALUE[;COMMENT]`. */
  #readName(type: 'pipe' | 'handle', [value, second, ...rest]: Column[], line: number): void {
    if (value === undefined) return;
    const isScore = type === 'pipe' && second !== undefined && /^[+-]?\d+$/.test(second.text);
    const score = isScore ? this.#score(second, line) : defaultScore;
    if (score === null) return;
    const comment = (isScore || second === undefined ? rest : [second, ...rest]).map(({ text }) => text).join(';');
    this.#add(value, type, normaliseValue(type, value.text), line, { description: cut(comment), score });
  }

  #endsAfter(rest: readonly Column[], form: string, line: number): boolean {
    const [extra] = rest;
    if (extra === undefined || rest.every(({ text }) => text === '')) return true;
    this.fault('column-unexpected', 'error', `line: expected ${form}, got more columns`, line, extra.column);
    return false;
  }

  #score(column: Column | undefined, line: number): number | null {
    if (column === undefined || column.text === '') return defaultScore;
    const score = Number(column.text);
    if (/^[+-]?\d{1,6}$/.test(column.text) && Math.abs(score) <= maxScore) return score === 0 ? 0 : score;
    const message = `score: expected a whole number from -${maxScore} to ${maxScore}, got ${quote(column.text)}`;
    this.fault('score-invalid', 'error', message, line, column.column);
    return null;
  }

  #add(
    { text, column }: Column,
    type: IndicatorType,
    value: string | Problem,
    line: number,
    details: { description: string; score?: number; falsePositive?: string },
  ): void {
    if (typeof value !== 'string') {
      this.fault('value-invalid', 'error', `${nouns[this.#kind]}: ${value.problem}`, line, column);
      return;
    }
    const { score = defaultScore, falsePositive = '' } = details;
    const hit = score > 0 && !this.#kind.startsWith('trusted') ? commonNamesHit(type, value, falsePositive) : [];
    if (hit.length > 0) {
      this.fault('value-invalid', 'error', `${nouns[this.#kind]}: ${tooWide(value, hit)}`, line, column);
      return;
    }
    const id = indicatorId({ type, value });
    const first = this.#lines.get(id);
    if (first !== undefined) {
      const message = `${nouns[this.#kind]}: expected each indicator once, got ${quote(text)} again, first on line ${first}`;
      this.fault('duplicate', 'warning', message, line, column);
      return;
    }
    this.#lines.set(id, line);
    const reference = /https?:\/\/[^\s"'<>]+/.exec(details.description)?.[0].replace(/[.,;:)\]]+$/, '');
    const indicator: Indicator = {
      type,
      value,
      score,
      ...(this.#kind.startsWith('trusted') && { role: 'trusted' as const }),
      ...(falsePositive !== '' && { falsePositive }),
      ...(details.description !== '' && { description: details.description }),
      ...(reference !== undefined && { reference }),
    };
    this.#indicators.push(indicator);
  }
}

const nouns: Readonly<Record<ListKind, string>> = {
  c2: 'domain or address',
  filename: 'file name',
  hash: 'hash',
  'trusted-hash': 'hash',
  'trusted-domain': 'domain or address',
  keyword: 'keyword',
  handle: 'handle',
  pipe: 'pipe',
};

function columnsOf(raw: string): Column[] {
  const columns: Column[] = [];
  for (let at = 0; at <= raw.length;) {
    let end = raw.indexOf(';', at);
    if (end < 0) end = raw.length;
    const part = raw.slice(at, end);
    columns.push({ text: part.trim(), column: at + 1 + (part.length - part.trimStart().length) });
    at = end + 1;
  }
  return columns;
}

function cut(comment: string): string {
  return comment.length > 500 ? `${comment.slice(0, 497).toWellFormed()}...` : comment;
}
