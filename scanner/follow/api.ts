import { type HttpAnswer, request } from '../../base/http.js';
import { canonicalJson, type Json, parseJson } from '../../base/json.js';
import { refusedOrThrow, ScannerError, type ScannerErrorCode } from '../error.js';

/** How to reach a distribution server. */
export interface Connection {
  /** Base address, ending in a slash. */
  readonly server: string;
  /** The host token, or null before activation and for what is public. */
  readonly token: string | null;
}

export interface ApiCall {
  readonly method: 'GET' | 'POST';
  /** Below the server's base address, without a leading slash. */
  readonly path: string;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  /** Statuses that are an answer and no refusal. */
  readonly expects: readonly number[];
}

const problemMaxBytes = 65_536;

/**
 * One call of the server's API. Bodies go out as canonical JSON.
 *
 * @throws BaseError `http-…` without a whole answer; ScannerError as {@link refusal} says
 */
export async function callApi(connection: Connection, call: ApiCall): Promise<HttpAnswer> {
  const headers: Record<string, string> = { ...call.headers };
  if (connection.token !== null) headers['authorization'] = `Bearer ${connection.token}`;
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  const answer = await request(new URL(call.path, connection.server).href, {
    method: call.method,
    headers,
    ...(call.body === undefined ? {} : { body: canonicalJson(call.body) }),
    maxBytes: Math.max(call.maxBytes, problemMaxBytes),
    redirect: 'refuse',
  });
  if (!call.expects.includes(answer.status)) throw refusal(`${call.method} /${call.path}`, answer);
  return answer;
}

/** What the codes of the server's problem documents (RFC 9457) mean to an endpoint. */
const problemCodes: Readonly<Record<string, ScannerErrorCode>> = {
  'feature-not-licensed': 'not-entitled',
  'license-expired': 'license-expired',
  'license-key-unknown': 'license-key-unknown',
  'license-not-started': 'license-not-yet-valid',
  'license-revoked': 'license-revoked',
  'license-suspended': 'license-suspended',
  'rate-limited': 'rate-limited',
  'seats-exhausted': 'seats-exhausted',
};

const hints: Partial<Record<ScannerErrorCode, string>> = {
  'license-expired': 'renew the license; detection goes on with the last good set',
  'license-key-unknown': 'check the license key for typing errors',
  'license-revoked': 'ask whoever sold the license; detection goes on with the last good set',
  'license-suspended': 'ask whoever sold the license; detection goes on with the last good set',
  'rate-limited': 'run the command again later',
  'seats-exhausted': 'free a seat (yms admin hosts remove) or buy more, then activate again',
  'token-refused': 'activate this host again with its license key',
};

/** The error for an answer that is no success: by the problem's `code`, else by the status. */
export function refusal(subject: string, answer: HttpAnswer): ScannerError {
  const { code: problemCode, detail } = readProblem(answer);
  const code =
    (problemCode !== undefined && Object.hasOwn(problemCodes, problemCode) ? problemCodes[problemCode] : undefined) ??
    (answer.status === 401
      ? 'token-refused'
      : answer.status === 403
        ? 'not-entitled'
        : answer.status === 429
          ? 'rate-limited'
          : answer.status >= 400 && answer.status < 500
            ? 'request-refused'
            : 'answer-unexpected');
  const said = [String(answer.status), problemCode, detail].filter((part) => part !== undefined).join(' ');
  const retryAfter = /^\d{1,9}$/.exec(answer.headers.get('retry-after') ?? '')?.[0];
  const hint =
    code === 'rate-limited' && retryAfter !== undefined
      ? `run the command again in ${retryAfter} seconds`
      : hints[code];
  return new ScannerError(code, `${subject}: expected success, got ${said}`, hint === undefined ? {} : { hint });
}

function readProblem(answer: HttpAnswer): { code?: string; detail?: string } {
  try {
    const json = parseJson(answer.body, 'problem');
    if (json === null || typeof json !== 'object' || Array.isArray(json)) return {};
    const { code, detail } = json as Record<string, Json>;
    return {
      ...(typeof code === 'string' && /^[a-z0-9-]{1,64}$/.test(code) ? { code } : {}),
      ...(typeof detail === 'string' ? { detail: printable(detail) } : {}),
    };
  } catch (error) {
    refusedOrThrow(error);
    return {};
  }
}

/** A server's words end in a terminal and a state file: one short line of whole characters without control characters. */
function printable(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .slice(0, 200)
    .toWellFormed();
}
