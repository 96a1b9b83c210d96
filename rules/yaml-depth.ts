import { LineCounter, Parser, type CST } from 'yaml';

/** Deeper YAML is refused: the composer of the yaml package recurses, and V8 may end the process when its stack is full. */
export const maxYamlDepth = 24;

/** The offset of the first token beyond {@link maxYamlDepth} in a document's tokens, or null. */
export function findDeepToken(root: CST.Token | null | undefined): number | null {
  const open: { token: CST.Token; depth: number }[] = [];
  const push = (token: CST.Token | null | undefined, depth: number): void => {
    if (token && 'items' in token) open.push({ token, depth });
  };
  push(root, 1);
  for (let top = open.pop(); top; top = open.pop()) {
    if (top.depth > maxYamlDepth) return top.token.offset;
    if (!('items' in top.token)) continue;
    for (const item of top.token.items) {
      push(item.key, top.depth + 1);
      push(item.value, top.depth + 1);
    }
  }
  return null;
}

/** As {@link findDeepToken} for a whole file, as line and column. It must be asked before the file is composed. */
export function findDeepYaml(text: string): { line: number; column: number } | null {
  const lines = new LineCounter();
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    const offset = token.type === 'document' ? findDeepToken(token.value) : null;
    if (offset === null) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return null;
}
