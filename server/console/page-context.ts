import type { Actor } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import type { Permission } from '../actor/roles.js';
import type { Session } from '../access/people/session.js';
import type { Html } from './html.js';

/** Somebody looks at a page. */
export interface PageContext {
  readonly deps: ServerDeps;
  readonly session: Session;
  readonly actor: Actor;
  /** Below the server's address, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly now: Date;
  /** The form that was refused, when its page is shown again. */
  readonly attempt: Attempt | null;
}

export interface Attempt {
  readonly values: URLSearchParams;
  readonly message: string;
  readonly hint: string | null;
  /** Form field → what is wrong with it. */
  readonly faults: Readonly<Record<string, string>>;
}

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** 200 unless said. */
  readonly status?: number;
}

export function may({ actor }: Pick<PageContext, 'actor'>, permission: Permission): boolean {
  return actor.permissions.has(permission);
}
