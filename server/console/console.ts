import { shown } from '../../base/shown.js';
import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { Attempts } from '../access/people/attempts.js';
import { sessionCookie } from '../access/people/session.js';
import { problemOf } from '../http/problems.js';
import { accountPages } from './account.js';
import { activationTokenPages } from './activation-tokens.js';
import { Assets } from './assets.js';
import { auditPages } from './audit.js';
import { customerPages } from './customers.js';
import { PageRouter } from './page-router.js';
import { guestRoutes } from './guests.js';
import { hostPages } from './hosts.js';
import { Layout } from './layout.js';
import { licensePages } from './licenses.js';
import { offlinePages } from './offline.js';
import { overviewPages } from './overview.js';
import { peoplePages } from './people.js';
import { planPages } from './plans.js';
import { releasePages } from './releases.js';
import { reportPages } from './reports.js';
import { searchPages } from './search.js';
import { tokenPages } from './tokens.js';

/** Nothing from elsewhere, nothing inline, no frame around it. */
const contentPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The admin console, mounted at `/admin`. */
export function consoleRoutes(deps: ServerDeps): Router {
  const assets = new Assets();
  const layout = new Layout(assets);
  const attempts = new Attempts(deps);
  const pages = new PageRouter(deps, layout);
  overviewPages(pages);
  customerPages(pages);
  licensePages(pages);
  activationTokenPages(pages);
  planPages(pages);
  offlinePages(pages);
  hostPages(pages);
  releasePages(pages);
  reportPages(pages);
  tokenPages(pages);
  peoplePages(pages);
  auditPages(pages);
  searchPages(pages);
  accountPages(pages, attempts);

  const router = Router({ caseSensitive: true, strict: true });
  router.use((_request: Request, response: Response, next) => {
    response.set({
      'Content-Security-Policy': contentPolicy,
      'Referrer-Policy': 'same-origin',
      'X-Frame-Options': 'DENY',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    });
    next();
  });
  router.use(assets.routes());
  router.use(guestRoutes(deps, layout, attempts));
  router.use(pages.closed());
  router.use((request) => {
    throw new ServerError('not-found', `page: expected one of the console, got ${shown(request.path)}`);
  });
  router.use(answerPage(deps, layout));
  return router;
}

function answerPage({ log }: ServerDeps, layout: Layout): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof ServerError && error.code === 'session-missing' && request.method !== 'POST') {
      response.redirect(303, `/admin/sign-in?next=${encodeURIComponent(request.originalUrl)}`);
      return;
    }
    const requestId = String(response.locals['requestId']);
    const problem = problemOf(error, requestId);
    if (problem.status >= 500) log.error({ requestId, err: error }, 'request failed');
    if (error instanceof ServerError && error.retryAfterSeconds !== undefined)
      response.set('Retry-After', String(error.retryAfterSeconds));
    const isSignedIn = request.headers.cookie?.includes(sessionCookie) === true && problem.status !== 401;
    response.status(problem.status).type('html').send(layout.problem(problem, isSignedIn));
  };
}
