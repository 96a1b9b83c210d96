import { parseSyslogHead } from '../../events/syslog.js';
import type { Content } from '../input/content.js';
import type { ContentKind } from './content-kind.js';
import type { Examination } from './examination.js';
import { factsOfLine } from './line-facts.js';
import { RegistryExport } from './registry-export.js';
import { linesOf, textBlocks } from './text-blocks.js';

/** Each line is an element; of a .reg file each value, which may take several lines. */
export async function searchLines(
  { element, isSyslog }: Extract<ContentKind, { readonly kind: 'lines' }>,
  { path, chunks }: Content,
  { judge, signal, count, found }: Examination,
): Promise<void> {
  const registry = element === 'registry-export' ? new RegistryExport() : null;
  for await (const block of textBlocks(chunks)) {
    if (signal.aborted) return;
    let lines = 0;
    if (registry === null && !judge.mayMatch(block.text)) {
      count(element, 1);
      continue;
    }
    for (const { text, number } of linesOf(block)) {
      lines++;
      const entry = registry === null ? { facts: null, line: number } : registry.push(text, number);
      if (entry === null || (entry.facts === null && !judge.mayMatch(text))) continue;
      const facts = entry.facts ?? factsOfLine(element, text);
      const verdict = judge.judge(facts);
      if (verdict === null) continue;
      const head = isSyslog ? parseSyslogHead(text) : null;
      const where = head === null ? {} : { timeMs: head.timeMs, computer: head.host };
      await found({ element, path, facts, line: entry.line, ...where }, verdict);
    }
    count(element, lines);
  }
}
