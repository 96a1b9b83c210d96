import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type RequestHandler, Router } from 'express';
import { minuteMs } from '../../base/clock.js';
import { requirePermission } from '../actor/actor.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { clearCookie, findSession, formTokenMatches } from '../access/people/session.js';
import { problemOf } from '../http/problems.js';
import type { Permission } from '../actor/roles.js';
import { onlyMethods } from '../http/routes/method.js';
import { attemptOf, formOnceField, formTokenField, isRefusal } from './form.js';
import { readForm, readUpload } from './form-body.js';
import { requireSameOrigin } from './origin.js';
import type { Layout } from './layout.js';
import type { Page, PageContext } from './page-context.js';

/** Another page after a form (303), or this page as the answer, for what is shown once. */
export type Outcome = { readonly to: string } | Page;

export interface SavedFile {
  /** Of letters, digits, dots and hyphens. */
  readonly name: string;
  readonly mediaType: string;
  readonly text: AsyncIterable<string>;
}

export type PageHandler = (context: PageContext) => Promise<Page>;
export type FormHandler = (context: PageContext, values: URLSearchParams) => Promise<Outcome>;

const onceMs = 60 * minuteMs;

/** Where pages are registered: it knows who asks, what they may, and what a form must bring. */
export class PageRouter {
  readonly router = Router({ caseSensitive: true, strict: true });
  readonly #deps: ServerDeps;
  readonly #layout: Layout;
  /** Numbers of forms that were carried out, with the time. */
  readonly #sent = new Map<string, number>();

  constructor(deps: ServerDeps, layout: Layout) {
    this.#deps = deps;
    this.#layout = layout;
  }

  /** `permission` null: everybody who has signed in. */
  page(path: string, permission: Permission | null, show: PageHandler): void {
    this.router.get(path, async (request, response) => {
      const context = await this.#context(request, permission);
      const page = await show(context);
      response
        .status(page.status ?? 200)
        .type('html')
        .send(this.#layout.signedIn(context, page));
    });
  }

  /** A file to save, made while it is sent. */
  file(path: string, permission: Permission, make: (context: PageContext) => SavedFile): void {
    this.router.get(path, async (request, response) => {
      const { name, mediaType, text } = make(await this.#context(request, permission));
      response.setHeader('Content-Type', mediaType);
      response.set('Content-Disposition', `attachment; filename="${name}"`);
      if (request.method === 'HEAD') response.end();
      else await pipeline(Readable.from(text), response);
    });
  }

  /**
   * A form that posts to `path`. When it is refused, `again` shows its page with what was typed; without `again`, the
   * refusal is a page of its own.
   */
  form(path: string, permission: Permission | null, act: FormHandler, again?: PageHandler): void {
    this.#post(path, permission, readForm, (values, work) => this.#once(values, work), act, again);
  }

  /** A form with a file that is only looked at: sent again, it is looked at again. Its text is the field's value. */
  upload(path: string, permission: Permission, look: FormHandler, again: PageHandler): void {
    this.#post(path, permission, readUpload, (_values, work) => work(), look, again);
  }

  #post(
    path: string,
    permission: Permission | null,
    read: typeof readForm,
    carryOut: (values: URLSearchParams, work: () => Promise<Outcome>) => Promise<Outcome>,
    act: FormHandler,
    again?: PageHandler,
  ): void {
    this.router.post(path, async (request, response) => {
      requireSameOrigin(request);
      const context = await this.#context(request, permission);
      const values = await read(request, this.#deps);
      if (!formTokenMatches(context.session, values.get(formTokenField) ?? '')) throw foreignForm();
      try {
        const outcome = await carryOut(values, () => act(context, values));
        if ('to' in outcome) response.redirect(303, outcome.to);
        else response.type('html').send(this.#layout.signedIn(context, outcome));
      } catch (error) {
        const problem = problemOf(error, '');
        if (!isRefusal(error) || again === undefined || problem.status >= 500) throw error;
        const retry = { ...context, attempt: attemptOf(error, values) };
        const page = await again(retry);
        response.status(problem.status).type('html').send(this.#layout.signedIn(retry, page));
      }
    });
  }

  /** A form that ends the session: sent twice, it finds nobody the second time. */
  signOut(path: string, end: (context: PageContext) => Promise<void>): void {
    this.router.post(path, async (request, response) => {
      requireSameOrigin(request);
      const context = await this.#context(request, null);
      const values = await readForm(request, this.#deps);
      if (!formTokenMatches(context.session, values.get(formTokenField) ?? '')) throw foreignForm();
      await end(context);
      response.set('Set-Cookie', clearCookie).redirect(303, '/admin/sign-in');
    });
  }

  /** Answers 405 on the paths that have a page or a form, for every other method. */
  closed(): Router {
    const paths = new Set(this.router.stack.flatMap(({ route }) => route?.path ?? []));
    for (const path of paths) this.router.all(path, onlyMethods('GET', 'HEAD', 'POST'));
    return this.router;
  }

  async #context(request: Parameters<RequestHandler>[0], permission: Permission | null): Promise<PageContext> {
    const session = await findSession(this.#deps, request.headers.cookie);
    if (session === null)
      throw new ServerError('session-missing', 'console: expected somebody who has signed in, got nobody');
    if (permission !== null) requirePermission(session.actor, permission);
    const { searchParams } = new URL(request.originalUrl, 'http://console.invalid');
    return {
      deps: this.#deps,
      session,
      actor: session.actor,
      path: `${request.baseUrl}${request.path}`.replace(/\/$/, ''),
      params: Object.fromEntries(Object.entries(request.params).map(([name, value]) => [name, String(value)])),
      query: searchParams,
      now: this.#deps.clock.now(),
      attempt: null,
    };
  }

  /** A form that is sent again (a double click, a reload) is not carried out again. A refused one may be. */
  async #once<T>(values: URLSearchParams, work: () => Promise<T>): Promise<T> {
    const number = values.get(formOnceField) ?? '';
    const nowMs = this.#deps.clock.now().getTime();
    for (const [old, atMs] of this.#sent) {
      if (nowMs - atMs < onceMs && this.#sent.size < 10_000) break;
      this.#sent.delete(old);
    }
    if (!/^[\w-]{16}$/.test(number) || this.#sent.has(number))
      throw new ServerError('form-stale', 'form: expected one that was not sent yet, got one that was', {
        hint: 'open the page again to see what was done',
      });
    this.#sent.set(number, nowMs);
    try {
      return await work();
    } catch (error) {
      this.#sent.delete(number);
      throw error;
    }
  }
}

function foreignForm(): ServerError {
  return new ServerError(
    'form-foreign',
    'form: expected the token of this session, got the token of no session or an earlier one',
    {
      hint: 'open the page again and send its form',
    },
  );
}
