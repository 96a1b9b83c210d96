import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Counters of one server, in Prometheus form at `/metrics`. */
export interface Metrics {
  readonly registry: Registry;
  /** Labels: method, route (the pattern, never the address), status. */
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly seconds: Histogram<'method' | 'route'>;
  readonly commits: Counter<'outcome'>;
  /** Unix seconds at which the current metadata of a role expires: alert on it. */
  readonly expiry: Gauge<'role'>;
  /** 1 when the current root names this server's key for the role; at 0 nothing more can be signed here: alert on it. */
  readonly onlineKeyTrusted: Gauge<'role'>;
  /** Grants that a document lacks because the pack's content key does not open: alert on it. */
  readonly grantsRefused: Counter<'feature' | 'code'>;
  readonly jobFailures: Counter<'job'>;
}

export function newMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requests: new Counter({
      name: 'yms_http_requests_total',
      help: 'Answered requests',
      labelNames: ['method', 'route', 'status'],
      registers,
    }),
    seconds: new Histogram({
      name: 'yms_http_request_seconds',
      help: 'Time to answer',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    commits: new Counter({ name: 'yms_commits_total', help: 'Commits', labelNames: ['outcome'], registers }),
    expiry: new Gauge({
      name: 'yms_metadata_expiry_seconds',
      help: 'When the current metadata of a role expires, in Unix seconds',
      labelNames: ['role'],
      registers,
    }),
    onlineKeyTrusted: new Gauge({
      name: 'yms_online_key_trusted',
      help: 'Whether the current root names the key that this server signs the role with',
      labelNames: ['role'],
      registers,
    }),
    grantsRefused: new Counter({
      name: 'yms_grants_refused_total',
      help: 'Grants left out of a license document because the content key of the pack does not open',
      labelNames: ['feature', 'code'],
      registers,
    }),
    jobFailures: new Counter({ name: 'yms_job_failures_total', help: 'Failed jobs', labelNames: ['job'], registers }),
  };
}
