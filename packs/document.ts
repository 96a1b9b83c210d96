import { z } from 'zod';
import { CodedError } from '../base/error.js';
import { canonicalJsonBytes, parseCanonicalJson } from '../base/json.js';
import { PackError, type PackErrorCode } from './error.js';

/** A kind of canonical JSON document: what it must hold, how long it may be, and the code of its refusal. */
export interface DocumentKind<T> {
  readonly schema: z.ZodType<T>;
  readonly maxBytes: number;
  readonly code: PackErrorCode;
}

/** @throws PackError with the code of the kind, for anything but the one spelling of a valid document */
export function parseDocument<T>(kind: DocumentKind<T>, bytes: Uint8Array, subject: string): T {
  if (bytes.length > kind.maxBytes)
    throw new PackError(kind.code, `${subject}: expected at most ${kind.maxBytes} bytes, got ${bytes.length}`);
  try {
    return check(kind, parseCanonicalJson(bytes, subject), subject);
  } catch (cause) {
    if (!(cause instanceof CodedError) || cause instanceof PackError) throw cause;
    throw new PackError(kind.code, cause.message, { cause });
  }
}

/** @throws PackError with the code of the kind, for a document that no reader would take */
export function encodeDocument<T>(kind: DocumentKind<T>, document: T, subject: string): Uint8Array {
  const bytes = canonicalJsonBytes(check(kind, document, subject));
  parseDocument(kind, bytes, subject);
  return bytes;
}

function check<T>(kind: DocumentKind<T>, value: unknown, subject: string): T {
  const parsed = kind.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PackError(kind.code, `${subject}: ${firstFault(parsed.error)}`, { cause: parsed.error });
}

/** The first fault and its place, without the control characters that a member's name may hold. */
function firstFault({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'expected a valid document, got one with a fault that has no place';
  const text = issue.message.replace(/^Invalid input: /, '').replaceAll(/\p{Cc}/gu, ' ');
  const at = issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  return text.charAt(0).toLowerCase() + text.slice(1) + at;
}

/** Whether the texts stand in UTF-8 order, each once. */
export function isSortedOnce(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || Buffer.compare(Buffer.from(texts[i - 1] ?? ''), Buffer.from(text)) < 0);
}
