import type { Command } from 'commander';
import { z } from 'zod';
import { CodedError } from '../../base/error.js';
import { type HttpAnswer, type HttpRequest, request } from '../../base/http.js';
import { canonicalJson, type Json, parseJson } from '../../base/json.js';
import { shown, shownSecret } from '../../base/shown.js';
import { CliError } from '../error.js';
import { print, printable, printJson, table } from '../output.js';

export type AdminErrorCode = 'server-refused' | 'server-answer';

/** The server said no, or said something that is no answer of a yms server. */
export class AdminError extends CodedError<AdminErrorCode> {}

export interface AdminOptions {
  readonly server?: string;
  readonly token?: string;
  readonly json?: true;
}

export interface AdminAccess {
  /** Without a slash at the end. */
  readonly server: string;
  readonly token: string;
}

export type JsonObject = Readonly<Record<string, Json>>;

const memberError = z.object({ pointer: z.string().startsWith('#'), detail: z.string() });

const maxAnswerBytes = 8 * 1_048_576;

/** A command that talks to a server. */
export function adminCommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--server <url>', 'the server (or YMS_SERVER)')
    .option('--token <token>', 'an admin token (better in YMS_TOKEN, where other users do not see it)')
    .option('--json', 'print the answer as JSON');
}

/** @throws CliError `usage` when server or token are told neither by option nor by environment */
export function adminAccess(options: AdminOptions): AdminAccess {
  const server = options.server ?? process.env['YMS_SERVER'];
  const token = options.token ?? process.env['YMS_TOKEN'];
  if (server === undefined || server === '')
    throw new CliError('usage', 'yms admin: expected --server URL or YMS_SERVER, got neither');
  if (token === undefined || token === '')
    throw new CliError('usage', 'yms admin: expected --token TOKEN or YMS_TOKEN, got neither');
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const from = options.token === undefined ? 'YMS_TOKEN' : '--token';
    const got = `${shownSecret(token)}, ${/\s/.test(token) ? 'a space among them' : 'one of them not ASCII or not visible'}`;
    throw new CliError('usage', `${from}: expected visible ASCII characters, got ${got}`);
  }
  return { server: server.replace(/\/+$/, ''), token };
}

/**
 * One call of the API.
 *
 * @returns null for an answer without a body
 * @throws AdminError `server-refused` with the problem's own code and words; BaseError `http-…`
 */
export async function callServer(
  access: AdminAccess,
  method: NonNullable<HttpRequest['method']>,
  path: string,
  body?: JsonObject,
): Promise<JsonObject | null> {
  const answer = await request(`${access.server}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${access.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: canonicalJson(body) }),
    maxBytes: maxAnswerBytes,
  });
  if (answer.status < 200 || answer.status > 299) throw refusal(`${method} ${path}`, answer);
  return answer.body.length === 0 ? null : parseObject(answer.body, `${method} ${path}`);
}

/**
 * The bytes of a GET call that answers with no JSON object.
 *
 * @throws AdminError `server-refused`; BaseError `http-…`
 */
export async function fetchBytes(access: AdminAccess, path: string): Promise<Uint8Array> {
  const headers = { authorization: `Bearer ${access.token}` };
  const answer = await request(`${access.server}${path}`, { headers, maxBytes: 64 * maxAnswerBytes });
  if (answer.status !== 200) throw refusal(`GET ${path}`, answer);
  return answer.body;
}

/** All pages of a list call, in order. `query` is what stands after the question mark, without limit and cursor. */
export async function listAll(access: AdminAccess, path: string, query = ''): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const parameters: string[] = [
      query,
      'limit=500',
      cursor === '' ? '' : `cursor=${encodeURIComponent(cursor)}`,
    ].filter(Boolean);
    const page: JsonObject | null = await callServer(access, 'GET', `${path}?${parameters.join('&')}`);
    const { items: found, next = null } = page ?? {};
    if (!Array.isArray(found) || (next !== null && (typeof next !== 'string' || next === cursor)))
      throw new AdminError(
        'server-answer',
        `GET ${path}: expected a page with items and next, got ${shown(page)} with items ${shown(found)} and next ${shown(next)}`,
      );
    items.push(...(found as JsonObject[]));
    cursor = next;
  }
  return items;
}

/** Whether the server has a blob; one that it lacks is uploaded. */
export async function uploadBlob(access: AdminAccess, sha256: string, bytes: Uint8Array): Promise<void> {
  const path = `/v1/blobs/${sha256}`;
  const authorization = `Bearer ${access.token}`;
  const head = await request(`${access.server}${path}`, { method: 'HEAD', maxBytes: 0, headers: { authorization } });
  if (head.status === 200) return;
  const answer = await request(`${access.server}${path}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body: bytes,
    maxBytes: maxAnswerBytes,
  });
  if (answer.status !== 200 && answer.status !== 201) throw refusal(`PUT ${path}`, answer);
}

function refusal(subject: string, answer: HttpAnswer): AdminError {
  const problem =
    answer.headers.get('content-type') === 'application/problem+json' ? parseObject(answer.body, subject) : {};
  const { code, hint } = problem;
  const details = detailsOf(problem);
  const said = typeof code === 'string' && details.length > 0 ? ` ${code}: ${details.join('; ')}` : '';
  return new AdminError(
    'server-refused',
    `${subject}: expected the server to accept, got status ${answer.status}${said}`,
    {
      ...(typeof hint === 'string' ? { hint } : {}),
    },
  );
}

/** The members that were refused, by their names; or the one sentence that a problem has. */
function detailsOf({ detail, errors }: JsonObject): readonly string[] {
  const faults = Array.isArray(errors) ? errors.map(memberFault).filter((fault) => fault !== null) : [];
  if (faults.length > 0) return faults;
  return typeof detail === 'string' ? [detail] : [];
}

function memberFault(error: Json): string | null {
  const parsed = memberError.safeParse(error);
  if (!parsed.success) return null;
  const { pointer, detail } = parsed.data;
  const path = decodePointer(pointer.slice(1)); // after the #
  return `${path.length === 0 ? 'input' : path.join('.')}: ${detail}`;
}

/** RFC 6901. */
function decodePointer(pointer: string): string[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parseObject(body: Uint8Array, subject: string): JsonObject {
  const json = parseJson(body, subject);
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new AdminError('server-answer', `${subject}: expected a JSON object, got ${shown(json)}`);
  return json as JsonObject;
}

/** A list as a table with these members as columns, or whole as JSON. */
export function printList(items: readonly JsonObject[], columns: readonly string[], options: AdminOptions): void {
  if (options.json) printJson(items);
  else
    print(
      table([
        columns.map((name) => name.toUpperCase()),
        ...items.map((item) => columns.map((name) => cell(item[name]))),
      ]),
    );
}

/** One thing as lines of member and value, or whole as JSON. */
export function printObject(object: JsonObject | null, options: AdminOptions): void {
  if (options.json) printJson(object);
  else if (object !== null) print(table(Object.entries(object).map(([name, value]) => [name, cell(value)])));
}

function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return '-';
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return printable(value.join(','));
  return printable(typeof value === 'object' ? canonicalJson(value) : String(value));
}

/** `2027-07-01` or a whole time. @throws CliError `usage` */
export function timeOption(text: string): string {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time))
    throw new CliError('usage', `time: expected one such as 2027-07-01 or 2027-07-01T12:00:00Z, got "${text}"`);
  return time;
}

/** @throws CliError `usage` */
export function wholeNumberOption(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new CliError('usage', `number: expected a whole one from 1, got "${text}"`);
  return Number(text);
}

/** An id as one segment of an address. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}
