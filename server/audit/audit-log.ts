import type { Actor } from '../actor/actor.js';
import { requirePermission } from '../actor/actor.js';
import { type AuditEntry, auditEntry } from './audit.js';
import type { ServerDeps } from '../deps.js';
import type { Listed } from '../input/listing.js';

export interface AuditQuery {
  readonly limit: number;
  /** The sequence after which to go on. */
  readonly cursor: string | null;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** A time; entries from then on. */
  readonly since?: string | undefined;
}

/** In the order in which it happened. Without filters the page is a piece of the chain. */
export async function listAudit({ records }: ServerDeps, who: Actor, query: AuditQuery): Promise<Listed<AuditEntry>> {
  requirePermission(who, 'audit:read');
  const { limit, cursor, actor, action, subject, since } = query;
  let entries = records
    .selectFrom('audit')
    .selectAll()
    .where('sequence', '>', Number(cursor ?? 0));
  if (actor !== undefined) entries = entries.where('actor', '=', actor);
  if (action !== undefined) entries = entries.where('action', '=', action);
  if (subject !== undefined) entries = entries.where('subject', '=', subject);
  if (since !== undefined) entries = entries.where('at', '>=', since);
  const rows = await entries
    .orderBy('sequence')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(auditEntry), next: rows.length > limit && last ? String(last.sequence) : null };
}
