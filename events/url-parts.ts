/** The parts of what a proxy log calls its URL; null where it has none. */
export interface UrlParts {
  readonly host: string | null;
  readonly port: number | null;
  readonly path: string;
}

const schemePorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  ftp: 21,
  ws: 80,
  wss: 443,
  tunnel: 443,
  ssl: 443,
};

/**
 * Takes apart `scheme://host:port/path?query`, the `host:port` of a CONNECT, and a bare `/path`. Logs hold what clients
 * sent, so nothing is refused and nothing is decoded.
 */
export function splitUrl(url: string): UrlParts {
  const schemeEnd = url.indexOf('://');
  if (schemeEnd < 0 && (url.startsWith('/') || !/^[^/?#]*:\d{1,5}$/.test(url)))
    return { host: null, port: null, path: withoutQuery(url, 0) };
  const from = schemeEnd < 0 ? 0 : schemeEnd + 3;
  let to = from;
  while (to < url.length && !'/?#'.includes(url.charAt(to))) to++;
  const authority = url.slice(url.lastIndexOf('@', to - 1) >= from ? url.lastIndexOf('@', to - 1) + 1 : from, to);
  const colon = authority.lastIndexOf(':');
  const port = colon > authority.lastIndexOf(']') ? toPort(authority.slice(colon + 1)) : null;
  const host = port === null && colon <= authority.lastIndexOf(']') ? authority : authority.slice(0, colon);
  return {
    host: host === '' ? null : host,
    port: port ?? (schemeEnd < 0 ? null : (schemePorts[url.slice(0, schemeEnd).toLowerCase()] ?? null)),
    path: withoutQuery(url, to),
  };
}

function withoutQuery(url: string, from: number): string {
  for (let at = from; at < url.length; at++) if (url[at] === '?' || url[at] === '#') return url.slice(from, at);
  return url.slice(from);
}

export function toPort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}
