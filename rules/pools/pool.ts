import { z } from 'zod';
import type { Json } from '../../base/json.js';
import { normaliseIp } from '../ioc/address.js';
import type { Problem } from '../ioc/pattern.js';
import { RulesError } from '../error.js';
import type { CompiledItem } from '../item.js';
import { normaliseHost, normaliseHostPattern } from './host-pattern.js';

export const poolKinds = ['pool', 'proxy', 'generic'] as const;
export const poolMatches = ['host', 'suffix', 'pattern', 'address', 'port', 'scheme', 'text'] as const;
export const poolProtocols = ['stratum', 'stratum-tls', 'http', 'https', 'websocket', 'p2p'] as const;

export type PoolMatch = (typeof poolMatches)[number];

/** One way to recognise a mining pool, in the normal form of `docs/spec/indicators.md`. */
export interface Pool {
  /** A pool; a proxy that hands work on to one; or a sign of mining in general. */
  readonly kind: (typeof poolKinds)[number];
  readonly match: PoolMatch;
  /** Its spelling tells its match: `host`, `.suffix`, `xmr.*`, `:3333`, `stratum+tcp://`, or the text itself. */
  readonly pattern: string;
  /** The pool's own name. */
  readonly pool: string;
  readonly operator?: string;
  /** Ticker symbols, upper case, sorted; empty where any coin is meant. */
  readonly coins: readonly string[];
  /** TCP ports that it is known to serve, sorted. */
  readonly ports?: readonly number[];
  readonly protocol?: (typeof poolProtocols)[number];
  readonly source: string;
  /** The day on which somebody last saw it answer, `YYYY-MM-DD`. */
  readonly lastVerified?: string;
  readonly score: number;
  readonly description?: string;
}

export const defaultPoolScore = 75;
const text = z.string().min(1).max(1000);
export const coinPattern = /^[A-Z0-9]{2,10}$/;

const shape = z.strictObject({
  kind: z.enum(poolKinds),
  match: z.enum(poolMatches),
  pattern: z.string().min(1).max(1000),
  pool: text,
  operator: text.optional(),
  coins: z.array(z.string().regex(coinPattern)),
  ports: z.array(z.int().min(1).max(65_535)).min(1).optional(),
  protocol: z.enum(poolProtocols).optional(),
  source: text,
  lastVerified: z.iso.date().optional(),
  score: z.int().min(1).max(100),
  description: text.optional(),
});

/** The id of the item: `<kind>:<pattern>`. */
export function poolId(pool: Pick<Pool, 'kind' | 'pattern'>): string {
  return `${pool.kind}:${pool.pattern}`;
}

export function compilePool(pool: Pool): CompiledItem {
  return { kind: 'pool', id: poolId(pool), value: pool as unknown as Json };
}

/**
 * A pool out of a pack's line: strict, and its pattern must be in normal form already.
 *
 * @throws RulesError `pool-invalid`
 */
export function decodePool(value: unknown, subject = 'pool'): Pool {
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? subject : `${subject} ${issue.path.join('.')}`;
    throw new RulesError('pool-invalid', `${where}: expected its normal form, got ${issue?.message ?? 'other'}`, {
      cause: parsed.error,
    });
  }
  const pool = parsed.data as Pool;
  const normal = normalisePattern(pool.match, barePattern(pool));
  if (normal !== pool.pattern)
    throw new RulesError('pool-invalid', `${subject} pattern: expected its normal form, got "${pool.pattern}"`);
  if (!isSorted(pool.coins) || !isSorted(pool.ports ?? []))
    throw new RulesError(
      'pool-invalid',
      `${subject}: expected coins and ports sorted and each once, got ${[...pool.coins, ...(pool.ports ?? [])].join(', ')}`,
    );
  return pool;
}

/** The pattern without the mark that tells its match: `example.org` for `.example.org`, `3333` for `:3333`. */
export function barePattern({ match, pattern }: Pick<Pool, 'match' | 'pattern'>): string {
  if (match === 'suffix') return pattern.replace(/^\./, '');
  if (match === 'port') return pattern.replace(/^:/, '');
  return match === 'scheme' ? pattern.replace(/:\/\/$/, '') : pattern;
}

/** `text` is the pattern without its mark, as a list's author writes it. */
export function normalisePattern(match: PoolMatch, text: string): string | Problem {
  switch (match) {
    case 'host':
      return normaliseHost(text);
    case 'suffix': {
      const host = normaliseHost(text);
      return typeof host === 'string' ? `.${host}` : host;
    }
    case 'pattern':
      return normaliseHostPattern(text);
    case 'address':
      return normaliseIp(text) ?? { problem: `expected an IP address, got "${text}"` };
    case 'port':
      return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535
        ? `:${text}`
        : { problem: `expected a port from 1 to 65535, got "${text}"` };
    case 'scheme':
      return /^[a-z][a-z0-9+.-]{2,31}$/i.test(text)
        ? `${text.toLowerCase()}://`
        : { problem: `expected a URL scheme without "://", got "${text}"` };
    case 'text':
      return text.length >= 4 && text.length <= 200
        ? text
        : { problem: `expected 4 to 200 characters, got ${text.length}` };
  }
}

function isSorted(values: readonly (string | number)[]): boolean {
  return values.every((value, at) => at === 0 || (values[at - 1] ?? value) < value);
}
