import type { FieldValue } from './event.js';
import { splitUrl } from './url-parts.js';

/** One request as a log of any format tells it; null for what that log does not say. */
export interface WebRequest {
  readonly clientIp: string;
  readonly user: string | null;
  readonly method: string | null;
  readonly url: string;
  readonly status: number | null;
  readonly responseBytes: number | null;
  readonly referrer: string | null;
  readonly userAgent: string | null;
}

/**
 * The fields of a request, without those that the log leaves open with `-`, under the names of Sigma's taxonomy for proxies and for web servers, which differ: the same
 * log is written by both.
 */
export function webFields(request: WebRequest): [string, FieldValue][] {
  const { host, port, path } = splitUrl(request.url);
  const queryAt = request.url.indexOf('?');
  const query = queryAt < 0 ? null : request.url.slice(queryAt + 1);
  const extension = /\.([A-Za-z0-9_~-]{1,12})$/.exec(path.slice(-14))?.[1] ?? null;
  const fields: [string, FieldValue | null][] = [
    ['c-ip', request.clientIp],
    ['src_ip', request.clientIp],
    ['cs-username', request.user],
    ['cs-method', request.method],
    ['c-uri', request.url],
    ['cs-host', host],
    ['cs-uri-port', port],
    ['cs-uri-stem', path],
    ['c-uri-stem', path],
    ['cs-uri-query', query],
    ['c-uri-query', query],
    ['c-uri-extension', extension],
    ['sc-status', request.status],
    ['sc-bytes', request.responseBytes],
    ['cs-referer', request.referrer],
    ['cs-referrer', request.referrer],
    ['cs-user-agent', request.userAgent],
    ['c-useragent', request.userAgent],
  ];
  return fields.filter((field): field is [string, FieldValue] => field[1] !== null && field[1] !== '-');
}

export function toCount(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
