import { createServer, type Server } from 'node:http';
import { hourMs, secondMs } from '../base/clock.js';
import { createApp, serverDeps } from './app.js';
import type { ServerDeps, ServerParts } from './deps.js';
import { ServerError } from './error.js';
import { refreshStale } from './repository/refresh.js';
import { scheduleJobs } from './jobs.js';

export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface RunningServer {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  readonly deps: ServerDeps;
  /** Lets running answers end for ten seconds, then cuts them; closes the records. */
  close(): Promise<void>;
}

const graceMs = 10 * secondMs;

/**
 * `HOST:PORT`, `[IPV6]:PORT` or `PORT` alone (then on 127.0.0.1).
 *
 * @throws ServerError `option-invalid`
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port = ''] = /^(?:(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535)
    throw new ServerError('option-invalid', `listen address: expected HOST:PORT, got ${JSON.stringify(text)}`);
  return { host: bracketed ?? plain ?? '127.0.0.1', port: Number(port) };
}

export interface StartOptions {
  /** False for a server whose time stands still: then the jobs are run by hand, and not by the clock of the machine. */
  readonly hasSchedule?: boolean;
}

/**
 * Signs again what is near its end, listens, and starts the jobs.
 *
 * @throws ServerError `listen-failed`
 */
export async function startServer(
  parts: ServerParts,
  address: ListenAddress,
  { hasSchedule = true }: StartOptions = {},
): Promise<RunningServer> {
  const deps = serverDeps(parts);
  await refreshStale(deps).catch((error: unknown) => {
    deps.metrics.jobFailures.inc({ job: 'start' });
    deps.log.error({ job: 'start', err: error }, 'job failed'); // what is signed is still served
  });
  const server = createServer({ headersTimeout: 15 * secondMs, requestTimeout: hourMs }, createApp(deps));
  server.timeout = deps.config.idleMs; // a connection that does not move is cut, whoever waits for whom
  await listen(server, address);
  const stopJobs = hasSchedule ? scheduleJobs(deps) : () => Promise.resolve();
  return {
    url: urlOf(server),
    deps,
    close: async () => {
      await stopJobs();
      await closeServer(server);
      await deps.refusals
        .save(deps.records)
        .catch((error: unknown) => deps.log.error({ err: error }, 'refusals not saved'));
      await deps.publishing.run(() => deps.records.destroy());
    },
  };
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const got = cause.message;
      reject(new ServerError('listen-failed', `${host}:${port}: expected a free address, got ${got}`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new ServerError('listen-failed', 'server: expected an address, got none');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
