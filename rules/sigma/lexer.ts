/** A word or a sign of a condition; `offset` counts UTF-16 code units from the start of the condition. */
export interface Token {
  readonly kind: 'word' | 'open' | 'close' | 'pipe' | 'other' | 'end';
  readonly text: string;
  readonly offset: number;
}

/** Words are selection names and patterns: letters, digits, `_`, `-` and the wildcard `*`. The last token is `end`. */
export function lexCondition(condition: string): Token[] {
  const tokens: Token[] = [];
  const sign = /\s+|([A-Za-z0-9_*-]+)|(\()|(\))|(\|)|([^])/guy;
  for (let match = sign.exec(condition); match !== null; match = sign.exec(condition)) {
    const [text, word, open, close, pipe, other] = match;
    if (word !== undefined) tokens.push({ kind: 'word', text, offset: match.index });
    else if (open !== undefined) tokens.push({ kind: 'open', text, offset: match.index });
    else if (close !== undefined) tokens.push({ kind: 'close', text, offset: match.index });
    else if (pipe !== undefined) tokens.push({ kind: 'pipe', text, offset: match.index });
    else if (other !== undefined) tokens.push({ kind: 'other', text, offset: match.index });
  }
  tokens.push({ kind: 'end', text: '', offset: condition.length });
  return tokens;
}
