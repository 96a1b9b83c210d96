import type { ElementRule } from './element-rule.js';
import type { Examination } from './examination.js';
import { linesOf, type TextBlock } from './text-blocks.js';
import type { Evidence } from './verdict.js';

/** Text and strings count for the file that they are in. */
export async function searchText(
  blocks: AsyncGenerator<TextBlock>,
  evidence: Map<ElementRule, Evidence>,
  { judge, signal, count }: Examination,
): Promise<void> {
  count('strings', 1);
  for await (const block of blocks) {
    if (signal.aborted) return;
    if (!judge.mayMatch(block.text)) continue;
    for (const { text, number } of linesOf(block)) {
      if (!judge.mayMatch(text)) continue;
      const name = block.line === 0 ? 'string' : `line ${number}`;
      judge.evidenceIn([{ kind: 'text', name, value: text }], evidence);
    }
  }
}
