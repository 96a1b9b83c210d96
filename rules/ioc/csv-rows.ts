import { quote } from './value.js';

export interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly isQuoted: boolean;
}

type Refuse = (message: string, at: { line: number; column: number }) => void;

/** A quoted cell may hold separators, doubled quotes and line ends. */
export function* readRows(
  text: string,
  separator: string,
  refuse: Refuse,
  start: { readonly offset: number; readonly line: number },
): Generator<Cell[], void, undefined> {
  let line = start.line;
  let lineStart = start.offset;
  let row: Cell[] = [];
  for (let at = start.offset; at < text.length;) {
    const place = { line, column: at - lineStart + 1 };
    let cell: string;
    const isQuoted = text[at] === '"';
    if (isQuoted) {
      const close = endOfQuoted(text, at);
      if (close === null) {
        refuse('cell: expected a closing quote, got the end of the file', place);
        return;
      }
      const quoted = text.slice(at + 1, close);
      const lastBreak = quoted.lastIndexOf('\n');
      if (lastBreak >= 0) {
        line += quoted.split('\n').length - 1;
        lineStart = at + 1 + lastBreak + 1;
      }
      cell = quoted.replaceAll('""', '"');
      at = close + 1;
    } else {
      const end = endOfPlain(text, at, separator);
      cell = text.slice(at, end);
      at = end;
    }
    row.push({ text: cell, ...place, isQuoted });
    if (text[at] === separator) {
      at++;
      if (at === text.length) row.push({ text: '', line, column: at - lineStart + 1, isQuoted: false });
      continue;
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') {
      const said = `cell: expected a separator after the closing quote, got ${quote(text.slice(at, at + 20))}`;
      refuse(said, { line, column: at - lineStart + 1 });
      at = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
      row = [];
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    lineStart = at;
    yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}

function endOfQuoted(text: string, at: number): number | null {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 2))
    if (text[end + 1] !== '"') return end;
  return null;
}

function endOfPlain(text: string, at: number, separator: string): number {
  let end = at;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  return end;
}
