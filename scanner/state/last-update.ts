import { z } from 'zod';
import { formatSeconds, parseSeconds } from '../../base/clock.js';
import type { CodedError } from '../../base/error.js';
import { type Coverage, coverageSchema } from './coverage.js';
import { ScannerError } from '../error.js';
import { type Home, loadDocument, saveDocument } from './home.js';

const time = z.string().refine((text) => parseSeconds(text) !== null);
const refusalSchema = z.strictObject({ code: z.string(), message: z.string(), hint: z.string().exactOptional() });

const lastUpdateSchema = z.strictObject({
  format: z.literal(1),
  at: time,
  /** What the update as a whole was refused for, or the first of its packs. */
  error: refusalSchema.nullable(),
  /** When an update last went through. */
  succeededAt: time.nullable(),
  /** The last report that the server took. */
  reported: z.strictObject({ at: time, sha256: z.string() }).nullable(),
  /** Null before the first document, and in files of an earlier version. */
  coverage: coverageSchema.nullable().default(null),
});

/** What the last update came to. Nothing is decided by it: it is for people, and for not reporting twice. */
export type LastUpdate = z.infer<typeof lastUpdateSchema>;

/** An error as data, for state files and `--json`. */
export type Refusal = z.infer<typeof refusalSchema>;

/** A message may quote half a character of what came in, and no JSON holds that. */
export function refusalOf({ code, message, hint }: CodedError): Refusal {
  return { code, message: message.toWellFormed(), ...(hint === undefined ? {} : { hint: hint.toWellFormed() }) };
}

/** Null too for a damaged file: what decides nothing must stop nothing. */
export async function loadLastUpdate(home: Home): Promise<LastUpdate | null> {
  try {
    return await loadDocument(home.report, lastUpdateSchema);
  } catch (error) {
    if (error instanceof ScannerError && error.code === 'state-malformed') return null;
    throw error;
  }
}

export async function saveLastUpdate(
  home: Home,
  before: LastUpdate | null,
  now: Date,
  { error, reported, coverage }: Pick<LastUpdate, 'error' | 'reported'> & { readonly coverage: Coverage | null },
): Promise<void> {
  const at = formatSeconds(now);
  const succeededAt = error === null ? at : (before?.succeededAt ?? null);
  await saveDocument(home.report, lastUpdateSchema, { format: 1, at, error, succeededAt, reported, coverage });
}
