import express, { type ErrorRequestHandler, type Request, type Response } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { undocumented } from './documented.js';

interface Exchange {
  readonly bytes: Buffer;
  contractError?: string;
}

/**
 * Stands between a test and a real server and holds every exchange against `openapi.yaml`: an answer must be one that
 * the contract describes, and what the contract does not allow to be sent must be refused by the server.
 */
export class ContractProxy {
  readonly url: string;
  /** What broke the contract so far. */
  readonly faults: string[];
  readonly #server: Server;

  private constructor(url: string, server: Server, faults: string[]) {
    this.url = url;
    this.#server = server;
    this.faults = faults;
  }

  static async before(upstream: () => string): Promise<ContractProxy> {
    const faults: string[] = [];
    const app = express();
    app.disable('x-powered-by').disable('etag');
    app.use(express.raw({ type: () => true, limit: '400mb', inflate: false }));
    app.use((request: Request, response: Response, next) => {
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      response.locals['exchange'] = { bytes } satisfies Exchange;
      request.body = /json/.test(request.get('content-type') ?? '') ? parsed(bytes) : bytes;
      next();
    });
    app.use(
      OpenApiValidator.middleware({
        apiSpec: fileURLToPath(new URL('../../openapi.yaml', import.meta.url)),
        validateApiSpec: true,
        validateRequests: true,
        validateResponses: { removeAdditional: false },
        validateSecurity: false,
      }),
    );
    app.use((request: Request, response: Response) => forward(upstream(), request, response, faults));
    app.use(((error: unknown, request: Request, response: Response, next) => {
      const exchange = response.locals['exchange'] as Exchange;
      const { status, message } = error as { status?: number; message: string };
      const subject = `${request.method} ${request.originalUrl}`;
      if (status === undefined || status >= 500) {
        faults.push(`${subject}: answer: ${message}`);
        response.status(599).end(message);
        return;
      }
      exchange.contractError = `${subject}: ${message}`;
      forward(upstream(), request, response, faults).catch(next);
    }) satisfies ErrorRequestHandler);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ContractProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, faults);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function forward(upstream: string, request: Request, response: Response, faults: string[]): Promise<void> {
  const { bytes, contractError } = response.locals['exchange'] as Exchange;
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (!['host', 'connection', 'content-length', 'transfer-encoding'].includes(name)) headers.set(name, String(value));
  const answer = await fetch(`${upstream}${request.originalUrl}`, {
    method: request.method,
    headers,
    redirect: 'manual',
    body: bytes.length > 0 || ['POST', 'PUT', 'PATCH'].includes(request.method) ? new Uint8Array(bytes) : null,
  });
  const body = Buffer.from(await answer.arrayBuffer());
  const subject = `${request.method} ${request.originalUrl}`;
  const isHead = request.method === 'HEAD';
  if (contractError !== undefined && answer.status < 400 && !isHead)
    faults.push(`${contractError}: expected the server to refuse what the contract does, got ${answer.status}`);
  if (answer.status >= 400 && answer.headers.get('content-type') !== 'application/problem+json')
    faults.push(`${subject}: expected a problem document, got ${answer.headers.get('content-type')}`);
  if (answer.status >= 400 && !isHead) {
    const { code } = (parsed(body) ?? {}) as { code?: unknown };
    const fault = undocumented(request.method, request.originalUrl, answer.status, code);
    if (fault !== null) faults.push(fault);
  }
  response.status(answer.status);
  for (const [name, value] of answer.headers)
    if (
      !['connection', 'transfer-encoding', 'keep-alive', 'date'].includes(name) &&
      (isHead || name !== 'content-length')
    )
      response.setHeader(name, value);
  const isJson = /json/.test(answer.headers.get('content-type') ?? '') && answer.status !== 206;
  if (isHead || body.length === 0 || !isJson) response.end(body);
  else if (contractError === undefined) sendChecked(response, body);
  else response.end(body);
}

/** `json` is where the validator looks; the bytes that go out are those that came. */
function sendChecked(response: Response, body: Buffer): void {
  const end = response.end.bind(response);
  response.send = () => end(body);
  response.json(parsed(body));
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
