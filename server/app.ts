import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from 'express';
import { randomUUID } from 'node:crypto';
import { BaseError, systemCode } from '../base/error.js';
import { consoleRoutes } from './console/console.js';
import type { ServerDeps, ServerParts } from './deps.js';
import { ServerError } from './error.js';
import { newMetrics } from './metrics.js';
import { problemMediaType, problemOf } from './http/problems.js';
import { Queue } from '../base/queue.js';
import { RateLimit } from './limits/rate-limit.js';
import { isUnavailable } from './records/postgres.js';
import { Refusals } from './limits/refusals.js';
import { activationRoutes } from './http/routes/activations.js';
import { auditRoutes } from './http/routes/audit.js';
import { blobRoutes } from './http/routes/blobs.js';
import { commitRoutes } from './http/routes/commits.js';
import { featureMoveRoutes } from './http/routes/feature-moves.js';
import { feedRoutes } from './http/routes/feeds.js';
import { customerRoutes } from './http/routes/customers.js';
import { groupRoutes } from './http/routes/groups.js';
import { healthRoutes } from './http/routes/health.js';
import { hostRoutes } from './http/routes/hosts.js';
import { licenseDocumentRoutes } from './http/routes/license-document.js';
import { licenseRoutes } from './http/routes/licenses.js';
import { metadataRoutes } from './http/routes/metadata.js';
import { offlineRoutes } from './http/routes/offline.js';
import { personRoutes } from './http/routes/people.js';
import { planRoutes } from './http/routes/plans.js';
import { releaseRoutes } from './http/routes/releases.js';
import { reportRoutes } from './http/routes/reports.js';
import { statusRoutes } from './http/routes/status.js';
import { targetRoutes } from './http/routes/targets.js';
import { tokenRoutes } from './http/routes/tokens.js';

/** How long the rest of a refused body may still come in, so that its sender gets to read why. */
const drainMs = 5000;

/** What one running server keeps in memory beside its parts. */
export function serverDeps(parts: ServerParts): ServerDeps {
  return {
    ...parts,
    publishing: new Queue(),
    targetLimit: new RateLimit(parts.clock),
    metrics: newMetrics(),
    refusals: new Refusals(parts.clock),
  };
}

/** The HTTP interface of `openapi.yaml` over the given dependencies; it listens nowhere. */
export function createApp(deps: ServerDeps): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.use(observe(deps));
  app.use(requireText);
  for (const routes of [
    metadataRoutes,
    targetRoutes,
    feedRoutes,
    blobRoutes,
    commitRoutes,
    releaseRoutes,
    activationRoutes,
    licenseDocumentRoutes,
    offlineRoutes,
    statusRoutes,
    customerRoutes,
    planRoutes,
    featureMoveRoutes,
    licenseRoutes,
    hostRoutes,
    groupRoutes,
    tokenRoutes,
    personRoutes,
    auditRoutes,
    reportRoutes,
    healthRoutes,
  ])
    app.use(routes(deps));
  app.use('/admin', consoleRoutes(deps));
  app.use((request: Request) => {
    throw new ServerError('not-found', `address: expected one of this server, got ${JSON.stringify(request.path)}`);
  });
  app.use(answerProblem(deps));
  return app;
}

/** Nothing here has U+0000 in its name, and PostgreSQL takes no text with it, not even to look for. */
function requireText({ path, originalUrl }: Request, _response: Response, next: NextFunction): void {
  if (path.includes('%00'))
    throw new ServerError('not-found', `address: expected one of this server, got ${JSON.stringify(path)}`);
  if (originalUrl.includes('%00'))
    throw new ServerError('request-url', 'query: expected text without U+0000, got some with it');
  next();
}

/** Every answer carries a request id and counts; the log has neither query nor headers. */
function observe({ log, metrics }: ServerDeps) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
    response.locals['requestId'] = requestId;
    response.set({ 'X-Request-Id': requestId, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' });
    const startedAt = performance.now();
    const { method, path } = request;
    response.on('close', () => {
      const ms = performance.now() - startedAt;
      const route = routePattern(request);
      const status = response.statusCode;
      metrics.requests.inc({ method, route, status });
      metrics.seconds.observe({ method, route }, ms / 1000);
      log.info({ requestId, method, path, status, ms: Math.round(ms), whole: response.writableFinished }, 'request');
    });
    next();
  };
}

function routePattern(request: Request): string {
  const route: unknown = request.route;
  return typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string'
    ? route.path
    : 'none';
}

function answerProblem({ log, refusals }: ServerDeps): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    const error = translated(thrown);
    const requestId = String(response.locals['requestId']);
    const problem = problemOf(error, requestId);
    if (response.headersSent) {
      if (!isGone(error)) log.warn({ requestId, err: error }, 'answer cut');
      next(); // express ends a connection whose answer has begun
      return;
    }
    if (problem.status >= 500) log.error({ requestId, err: error }, 'request failed');
    else refusals.count(problem.code);
    if (error instanceof ServerError && error.retryAfterSeconds !== undefined)
      response.set('Retry-After', String(error.retryAfterSeconds));
    if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer realm="yms", Basic realm="yms"');
    response.removeHeader('Content-Length');
    response.status(problem.status).set('Content-Type', problemMediaType);
    drain(request);
    if (request.method === 'HEAD') response.end();
    else response.end(JSON.stringify(problem));
  };
}

/** Express's own refusals of an address, and a full disk below us, in our words. */
function translated(error: unknown): unknown {
  if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400))
    return new ServerError('request-url', 'address: expected percent-encoded UTF-8, got bytes that are none', {
      cause: error,
    });
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'SQLITE_FULL')
    return new BaseError('disk-full', 'server: expected room on its disk, got a full one', { cause: error });
  if (isUnavailable(error))
    return new ServerError('records-unavailable', 'server: expected its records to answer, got none', {
      cause: error,
      retryAfterSeconds: 5,
    });
  return error;
}

function isGone(error: unknown): boolean {
  return ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '');
}

function drain(request: Request): void {
  if (request.complete) return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), drainMs);
  request.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  request.resume();
}
