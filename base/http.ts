/** The only HTTP client: bounded in bytes and time, with no surprise redirects. */
import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes } from './bytes.js';
import { BaseError } from './error.js';

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** A longer answer is refused as soon as it is known to be longer. */
  readonly maxBytes: number;
  /** The whole exchange; 10 minutes unless said. */
  readonly totalTimeoutMs?: number;
  /** How long the server may stay silent; 30 seconds unless said. */
  readonly idleTimeoutMs?: number;
  /** How often a GET or HEAD is tried in all when the server is unreachable, answers 5xx or is cut; 3 unless said. */
  readonly attempts?: number;
  /** `once-https`: follow one redirect, to HTTPS, without the Authorization header. Otherwise a redirect is refused. */
  readonly redirect?: 'refuse' | 'once-https';
  readonly onProgress?: (receivedBytes: number, totalBytes: number | null) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const firstPauseMs = 250;

/**
 * One exchange. Any status is an answer; a throw means that there was no whole answer. A GET that is cut goes on where
 * it stopped (Range with If-Range, RFC 9110 section 13.1.5) when the server names the representation by a strong ETag.
 * Plain http is for this machine alone.
 *
 * @throws BaseError `http-url`, `http-unreachable`, `http-timeout`, `http-truncated`, `http-too-large`, `http-redirect`
 */
export async function request(url: string, options: HttpRequest): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(options.totalTimeoutMs ?? 600_000);
  const repeatable = options.method === undefined || options.method === 'GET' || options.method === 'HEAD';
  const attempts = repeatable ? (options.attempts ?? 3) : 1;
  const received: Received = { parts: [], length: 0, etag: null };
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await exchange(parseUrl(url), options, deadline, received);
      if (answer.status < 500 || answer.status === 501 || attempt >= attempts) return answer;
    } catch (error) {
      const mayPass = error instanceof BaseError && ['http-unreachable', 'http-truncated'].includes(error.code);
      if (!mayPass || attempt >= attempts || deadline.aborted) throw error;
    }
    await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
  }
}

/** What earlier attempts have got of the body. */
interface Received {
  parts: Uint8Array[];
  length: number;
  etag: string | null;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '')
    throw new BaseError(
      'http-url',
      `url: expected http or https without credentials, got ${JSON.stringify(withoutCredentials(text))}`,
    );
  if (url.protocol === 'http:' && !isThisMachine(url.hostname))
    throw new BaseError('http-url', `url: expected https to another machine, got ${url.protocol}//${url.host}`, {
      hint: 'tokens and license keys must not cross a network in the clear: put a proxy that speaks TLS before the server',
    });
  return url;
}

/** Names that never leave this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
function isThisMachine(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** What may be shown of an address, also of one that cannot be parsed. */
export function withoutCredentials(text: string): string {
  return text.replace(/^.*@/s, '…@');
}

async function exchange(
  url: URL,
  options: HttpRequest,
  deadline: AbortSignal,
  received: Received,
): Promise<HttpAnswer> {
  const headers = new Headers(options.headers);
  if (received.etag !== null && received.length > 0) {
    headers.set('range', `bytes=${received.length}-`);
    headers.set('if-range', received.etag);
  }
  const idle = new IdleTimer(options.idleTimeoutMs ?? 30_000);
  const signal = AbortSignal.any([deadline, idle.signal]);
  try {
    let response = await send(url, options, headers, signal);
    if (isRedirect(response.status)) {
      const target = redirectTarget(url, response, options);
      await response.body?.cancel();
      headers.delete('authorization');
      response = await send(target, options, headers, signal);
      if (isRedirect(response.status))
        throw new BaseError(
          'http-redirect',
          `${target.host}: expected at most one redirect, got a second (${response.status})`,
        );
    }
    return await receive(url, response, options, received, idle, signal);
  } catch (cause) {
    if (cause instanceof BaseError) throw cause;
    if (signal.aborted)
      throw new BaseError('http-timeout', `${url.host}: expected an answer in time, got none`, { cause });
    throw new BaseError('http-unreachable', `${url.host}: expected an answer, got ${describe(cause)}`, {
      cause,
      hint: 'check the address, the network and that the server runs',
    });
  } finally {
    idle.stop();
  }
}

function send(url: URL, options: HttpRequest, headers: Headers, signal: AbortSignal): Promise<Response> {
  const method = options.method ?? 'GET';
  return fetch(url, { method, headers, signal, redirect: 'manual', body: options.body ?? null });
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

function redirectTarget(url: URL, response: Response, options: HttpRequest): URL {
  const location = response.headers.get('location');
  if (options.redirect !== 'once-https')
    throw new BaseError('http-redirect', `${url.host}: expected no redirect, got status ${response.status}`);
  const target = location !== null && URL.canParse(location, url.href) ? new URL(location, url) : null;
  if (target?.protocol !== 'https:')
    throw new BaseError(
      'http-redirect',
      `${url.host}: expected a redirect to https, got ${target?.protocol ?? 'nowhere'}`,
    );
  return target;
}

async function receive(
  url: URL,
  response: Response,
  options: HttpRequest,
  received: Received,
  idle: IdleTimer,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { status, headers } = response;
  const resumed = status === 206 && received.length > 0 && startsAt(headers) === received.length;
  if (!resumed) Object.assign(received, { parts: [], length: 0 });
  const etag = headers.get('etag');
  received.etag = (status === 200 || resumed) && etag !== null && !etag.startsWith('W/') ? etag : null;

  const announced = headers.get('content-length');
  const encoded = headers.has('content-encoding'); // then content-length counts other bytes than we receive
  const total = announced === null || encoded ? null : received.length + Number(announced);
  const tooLarge = (got: number): BaseError =>
    new BaseError('http-too-large', `${url.host}: expected at most ${options.maxBytes} bytes, got ${got} or more`);
  if (options.method !== 'HEAD' && total !== null && total > options.maxBytes) {
    await response.body?.cancel();
    throw tooLarge(total);
  }
  try {
    for await (const chunk of response.body ?? []) {
      idle.restart();
      received.length += (chunk as Uint8Array).length;
      if (received.length > options.maxBytes) throw tooLarge(received.length);
      received.parts.push(chunk as Uint8Array);
      options.onProgress?.(received.length, total);
    }
  } catch (cause) {
    if (cause instanceof BaseError || signal.aborted) throw cause;
    const expected = total === null ? 'a whole answer' : `${total} bytes`;
    throw new BaseError('http-truncated', `${url.host}: expected ${expected}, got ${received.length}`, { cause });
  }
  return { status: resumed ? 200 : status, headers, body: concatBytes(...received.parts) };
}

function startsAt(headers: Headers): number | null {
  const match = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '');
  return match ? Number(match[1]) : null;
}

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** Aborts when it is not restarted for a while. */
class IdleTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), idleMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
