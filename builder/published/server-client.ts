import { encodeBase64 } from '../../base/bytes.js';
import { type HttpAnswer, request } from '../../base/http.js';
import { canonicalJson, parseJson } from '../../base/json.js';
import { BaseError } from '../../base/error.js';
import { BuilderError } from '../error.js';
import type { RepositoryReader } from './repository.js';

/** A distribution server, and the token of a publisher (or of an admin, for root and targets). */
export interface ServerAccess {
  /** Without a slash at the end. */
  readonly server: string;
  readonly token: string;
}

const maxProblemBytes = 65_536;

/** The public half of a server: metadata and targets that need no license. */
export function httpReader(server: string): RepositoryReader {
  const get = async (path: string, maxBytes: number): Promise<Uint8Array | null> => {
    const answer = await request(`${server}/repository/${path}`, { maxBytes });
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw refusal(`GET ${path}`, answer);
    return answer.body;
  };
  return {
    metadata: (name, maxBytes) => get(`metadata/${name}`, maxBytes),
    target: (name, maxBytes) => get(`targets/${name}`, maxBytes),
  };
}

/**
 * Uploads a blob unless the server has it, so that a publication that was cut goes on where it stopped.
 *
 * @returns whether it had to be sent
 * @throws BuilderError `server-refused`
 */
export async function uploadBlob(access: ServerAccess, sha256: string, bytes: Uint8Array): Promise<boolean> {
  const url = `${access.server}/v1/blobs/${sha256}`;
  const authorization = `Bearer ${access.token}`;
  const head = await request(url, { method: 'HEAD', maxBytes: 0, headers: { authorization } });
  if (head.status === 200) return false;
  if (head.status !== 404) throw refusal(`HEAD /v1/blobs/${sha256}`, head);
  const put = await request(url, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body: bytes,
    maxBytes: maxProblemBytes,
  });
  if (put.status !== 200 && put.status !== 201) throw refusal(`PUT /v1/blobs/${sha256}`, put);
  return true;
}

export interface CommitFiles {
  readonly roots: readonly Uint8Array[];
  readonly targets: Uint8Array | null;
  /** Feature → the exact bytes of its role file. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
}

/**
 * All of it or nothing.
 *
 * @throws BuilderError `publish-conflict` when somebody else published meanwhile, so that it helps to plan again, `publish-interrupted` when the answer
 * did not come whole, `server-refused`
 */
export async function postCommit(access: ServerAccess, files: CommitFiles): Promise<void> {
  const body = canonicalJson({
    ...(files.roots.length > 0 && { roots: files.roots.map(encodeBase64) }),
    ...(files.targets !== null && { targets: encodeBase64(files.targets) }),
    ...(files.roles.size > 0 && {
      roles: Object.fromEntries([...files.roles].map(([name, bytes]) => [name, encodeBase64(bytes)])),
    }),
  });
  let answer: HttpAnswer;
  try {
    answer = await request(`${access.server}/v1/commits`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      body,
      maxBytes: maxProblemBytes,
    });
  } catch (cause) {
    if (!(cause instanceof BaseError)) throw cause;
    throw new BuilderError('publish-interrupted', `commit: expected an answer, got none (${cause.message})`, {
      cause,
      hint: 'run yms publish again: it finds out what the server has, and goes on',
    });
  }
  if (answer.status === 409 && parseProblem(answer)?.code === 'version-not-next')
    throw new BuilderError('publish-conflict', refusal('POST /v1/commits', answer).message, {
      hint: 'somebody published meanwhile: run yms publish again; nothing was changed',
    });
  if (answer.status !== 201 && answer.status !== 200) throw refusal('POST /v1/commits', answer);
}

/** The server's problem document (RFC 9457) as our error; what is no problem document is told by its status alone. */
function refusal(subject: string, answer: HttpAnswer): BuilderError {
  const { status } = answer;
  const problem = parseProblem(answer);
  const said = problem === null ? `status ${status}` : `status ${status} ${problem.code}: ${problem.detail}`;
  const hint =
    status === 401 || status === 403
      ? 'publishing needs a token of scope publisher, the ceremony files one of scope admin'
      : status === 429 || status === 503
        ? 'try again later'
        : problem?.hint;
  return new BuilderError('server-refused', `${subject}: expected the server to accept, got ${said}`, {
    ...(hint !== undefined && { hint }),
  });
}

function parseProblem({ body }: HttpAnswer): { code: string; detail: string; hint?: string } | null {
  try {
    const json = parseJson(body, 'problem');
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
    const { code, detail, title, hint } = json as Readonly<Record<string, unknown>>;
    if (typeof code !== 'string') return null;
    const said = typeof detail === 'string' ? detail : typeof title === 'string' ? title : '';
    return { code, detail: said, ...(typeof hint === 'string' && { hint }) };
  } catch {
    return null;
  }
}
