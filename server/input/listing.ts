import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { z } from 'zod';
import { utf8 } from '../../base/bytes.js';
import { canonicalJson, type Json, parseJson } from '../../base/json.js';
import { CodedError } from '../../base/error.js';
import { shown } from '../../base/shown.js';
import { refusal, type ServerError } from '../error.js';
import { faultsOf } from './parse.js';
import type { Tables } from '../records/tables.js';

/** What a list can be ordered by and asked for. Columns are our own words, never the caller's. */
export interface ListSpec {
  /** Column of the unique id that ends every order. */
  readonly id: string;
  /** Parameter value → column without nulls. `id` is always one of them, and the default. */
  readonly sorts: Readonly<Record<string, string>>;
  /** Query parameter → what it must look like. */
  readonly filters: Readonly<Record<string, z.ZodType<string>>>;
}

export interface ListQuery {
  /** 1 to 500. */
  readonly limit: number;
  readonly column: string;
  readonly direction: 'asc' | 'desc';
  /** Value and id of the last row of the page before. */
  readonly after: readonly [string | number, string] | null;
  readonly filters: Readonly<Record<string, string | undefined>>;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** The cursor of the next page, or null at the end. */
  readonly next: string | null;
}

const defaultLimit = 100;
const maxLimit = 500;

/**
 * `?limit=&cursor=&sort=` and the filters of a list. `sort=-name` is the other way round.
 *
 * @throws ServerError `request-url`, `request-cursor`
 */
export function parseListQuery(query: Readonly<Record<string, unknown>>, spec: ListSpec): ListQuery {
  requireKnownParameters(query, ['limit', 'cursor', 'sort', ...Object.keys(spec.filters)]);
  const { cursor, sort = 'id' } = query;
  const limit = parseLimit(query['limit']);
  const sorts: Readonly<Record<string, string>> = { ...spec.sorts, id: spec.id };
  const name = typeof sort === 'string' ? sort.replace(/^-/, '') : '';
  const column = Object.hasOwn(sorts, name) ? sorts[name] : undefined;
  if (typeof sort !== 'string' || column === undefined)
    throw refusal('request-url', {
      path: ['sort'],
      expected: `one of ${Object.keys(sorts).join(', ')}, with - before it for the other way round`,
      got: shown(sort),
    });
  const filters = Object.fromEntries(
    Object.entries(spec.filters).map(([filter, schema]) => [filter, requireFilter(filter, schema, query[filter])]),
  );
  const after = cursor === undefined ? null : parseCursor(cursor, sort);
  return { limit, column, direction: sort.startsWith('-') ? 'desc' : 'asc', after, filters };
}

/** @throws ServerError `request-url` */
export function requireKnownParameters(query: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  for (const name of Object.keys(query))
    if (!known.includes(name)) throw refusal('request-url', { path: [], expected: known.join(', '), got: shown(name) });
}

/** @throws ServerError `request-url` */
export function parseLimit(limit: unknown): number {
  if (limit === undefined) return defaultLimit;
  if (typeof limit !== 'string' || !/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > maxLimit)
    throw refusal('request-url', { path: ['limit'], expected: `1 to ${maxLimit}`, got: shown(limit) });
  return Number(limit);
}

/** A parameter that may be absent. @throws ServerError `request-url` */
export function requireFilter(name: string, schema: z.ZodType<string>, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = faultsOf(parsed.error, value).slice(0, 1);
  throw refusal(
    'request-url',
    faults.map((fault) => ({ ...fault, path: [name] })),
    { cause: parsed.error },
  );
}

/** @param got what came, or what is wrong with it */
export function foreignCursor(got: string, cause?: unknown): ServerError {
  return refusal('request-cursor', { path: ['cursor'], expected: 'the "next" of a page of this list', got }, { cause });
}

function parseCursor(cursor: unknown, sort: string): [string | number, string] {
  const refuse = (cause?: unknown): never => {
    throw foreignCursor(shown(cursor), cause);
  };
  if (typeof cursor !== 'string' || !/^[A-Za-z0-9_-]{4,1600}$/.test(cursor)) return refuse();
  try {
    const json = parseJson(Buffer.from(cursor, 'base64url'), 'cursor');
    if (!Array.isArray(json) || json.length !== 3) return refuse();
    const [madeFor, value, id] = json as readonly Json[];
    if (madeFor !== sort || typeof id !== 'string') return refuse();
    return typeof value === 'string' || typeof value === 'number' ? [value, id] : refuse();
  } catch (error) {
    return error instanceof CodedError ? refuse(error) : refuse();
  }
}

/**
 * One page, in a total order: rows that come or go between two pages neither repeat nor hide others. `valueOf` reads the
 * sorted column from a row.
 */
export async function listPage<TB extends keyof Tables, O, T>(
  query: SelectQueryBuilder<Tables, TB, O>,
  list: ListQuery,
  spec: ListSpec,
  {
    idOf,
    valueOf,
    show,
  }: {
    idOf: (row: O) => string;
    valueOf: (row: O, column: string) => string | number;
    show: (row: O) => T | Promise<T>;
  },
): Promise<Listed<T>> {
  const { limit, column, direction, after } = list;
  const isAfter = (value: string | number, id: string): RawBuilder<boolean> =>
    direction === 'asc'
      ? sql<boolean>`(${sql.ref(column)}, ${sql.ref(spec.id)}) > (${value}, ${id})`
      : sql<boolean>`(${sql.ref(column)}, ${sql.ref(spec.id)}) < (${value}, ${id})`;
  const rows = await (after === null ? query : query.where(isAfter(...after)))
    .orderBy(sql.ref(column), direction)
    .orderBy(sql.ref(spec.id), direction)
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const sort = Object.entries({ ...spec.sorts, id: spec.id }).find(([, known]) => known === column)?.[0] ?? 'id';
  const next =
    rows.length > limit && last !== undefined
      ? encodeCursor(`${direction === 'desc' ? '-' : ''}${sort}`, valueOf(last, column), idOf(last))
      : null;
  const items: T[] = [];
  for (const row of shown) items.push(await show(row));
  return { items, next };
}

function encodeCursor(sort: string, value: string | number, id: string): string {
  return Buffer.from(utf8(canonicalJson([sort, value, id]))).toString('base64url');
}

/** Whether a column holds the words, in any case; `%` and `_` stand for themselves. */
export function contains(column: string, words: string): RawBuilder<boolean> {
  const pattern = `%${words.replace(/[\\%_]/g, '\\$&')}%`;
  return sql<boolean>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`;
}
