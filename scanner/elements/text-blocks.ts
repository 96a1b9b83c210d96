import { isAscii, isUtf8 } from 'node:buffer';
import { stringsOf } from './strings.js';

/** Some whole lines, that are looked at together before each by itself. */
export interface TextBlock {
  readonly text: string;
  /** The number of its first line, from 1. */
  readonly line: number;
}

/** About as many bytes as are searched at once: a hit costs to look at each of their lines. */
const blockBytes = 16 * 1024;
const newline = 0x0a;

/** A longer line is looked at in pieces, each of which repeats the end of the one before. */
export const maxLineBytes = 1024 * 1024;
const overlapBytes = 4096;

/** The lines of a text in blocks: UTF-8, or UTF-16 that begins with its mark; what is neither is read as Latin-1. */
export async function* textBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextBlock> {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  let decoder: InstanceType<typeof TextDecoder> | null | undefined;
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      decoder ??= decoderOf(next.value);
      const decoded = decoder === null ? next.value : Buffer.from(decoder.decode(next.value, { stream: true }), 'utf8');
      let bytes: Buffer = held.length === 0 ? decoded : Buffer.concat([held, decoded]);
      for (let end = endOfBlock(bytes); end > 0; end = endOfBlock(bytes)) {
        const block = bytes.subarray(0, end);
        yield { text: decodeBlock(block), line };
        line += countLines(block);
        bytes = block.at(-1) === newline ? bytes.subarray(end) : bytes.subarray(end - overlapBytes);
      }
      held = Buffer.from(bytes);
    }
  } catch (error) {
    if (held.length > 0) yield { text: decodeBlock(held), line }; // what was read before the damage counts
    throw error;
  } finally {
    await iterator.return?.();
  }
  if (held.length > 0) yield { text: decodeBlock(held), line };
}

/** The strings of any other data, in blocks. Their lines have no numbers. */
export async function* stringBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextBlock> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    yield* cutBlocks(stringsOf(bytes));
    held = Buffer.from(bytes.subarray(Math.max(0, bytes.length - overlapBytes)));
  }
}

function* cutBlocks(text: string): Generator<TextBlock> {
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from + blockBytes);
    yield { text: text.slice(from, end < 0 ? text.length : end), line: 0 };
    from = end < 0 ? text.length : end + 1;
  }
}

/** Null for UTF-8. */
function decoderOf(head: Buffer): InstanceType<typeof TextDecoder> | null {
  if (head[0] === 0xff && head[1] === 0xfe) return new TextDecoder('utf-16le');
  return head[0] === 0xfe && head[1] === 0xff ? new TextDecoder('utf-16be') : null;
}

/** Whole lines of about a block; a piece of a line that is too long; 0 where more has to be read first. */
function endOfBlock(bytes: Buffer): number {
  if (bytes.length < blockBytes) return 0;
  const before = bytes.lastIndexOf(newline, blockBytes);
  const end = before >= 0 ? before : bytes.indexOf(newline, blockBytes);
  if (end >= 0 && end < maxLineBytes) return end + 1;
  return bytes.length > maxLineBytes ? maxLineBytes : 0;
}

function countLines(block: Buffer): number {
  let lines = 0;
  for (let at = block.indexOf(newline); at >= 0; at = block.indexOf(newline, at + 1)) lines++;
  return lines;
}

function decodeBlock(block: Buffer): string {
  return isAscii(block) || !isUtf8(block) ? block.toString('latin1') : block.toString('utf8');
}

/** The lines of a block that are not empty, with their numbers. */
export function* linesOf({ text, line }: TextBlock): Generator<{ text: string; number: number }> {
  let number = line;
  for (let from = 0; from < text.length; number++) {
    let end = text.indexOf('\n', from);
    if (end < 0) end = text.length;
    const stop = end > from && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
    if (stop > from) yield { text: text.slice(from, stop), number };
    from = end + 1;
  }
}
