/** What every API call of people and pipelines has in common: who may, what came, what goes out. */
import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { parseJson } from '../../../base/json.js';
import type { Actor } from '../../actor/actor.js';
import { authorizeActor } from '../../access/auth.js';
import { readBody, requireJsonMediaType } from '../body.js';
import { parseInput } from '../../input/parse.js';
import type { ServerDeps } from '../../deps.js';
import type { Tagged } from '../../input/entity-tag.js';
import { type Answered, answerOnce } from '../idempotency.js';
import { type Listed, type ListQuery, type ListSpec, parseListQuery } from '../../input/listing.js';
import type { Permission } from '../../actor/roles.js';

/** A page of a list. */
export function lists(
  deps: ServerDeps,
  permission: Permission,
  spec: ListSpec,
  work: (actor: Actor, list: ListQuery, request: Request) => Promise<Listed<unknown>>,
): RequestHandler {
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, permission);
    response.json(await work(actor, parseListQuery(request.query, spec), request));
  };
}

/** One thing, with its ETag when it has one. */
export function shows(
  deps: ServerDeps,
  permission: Permission,
  work: (actor: Actor, id: string, request: Request) => Promise<{ readonly shown: object; readonly tag?: string }>,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, permission);
    const { shown, tag } = await work(actor, request.params.id, request as Request);
    if (tag === undefined) sendAnswer(response, { status: 200, body: shown });
    else if (request.headers['if-none-match'] === `"${tag}"`) response.set('ETag', `"${tag}"`).status(304).end();
    else sendAnswer(response, { status: 200, body: shown, tag });
  };
}

/** A call with a body. A POST may carry an Idempotency-Key; every one may carry If-Match. */
export function takes<S extends z.ZodType>(
  deps: ServerDeps,
  permission: Permission,
  schema: S,
  work: (actor: Actor, input: z.output<S>, id: string, request: Request) => Promise<Answered>,
): RequestHandler<{ id?: string }> {
  const limits = { maxBytes: deps.config.maxJsonBytes, totalMs: deps.config.jsonBodyMs };
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, permission);
    requireJsonMediaType(request);
    const body = parseJson(await readBody(request, limits), 'body');
    const input = parseInput(schema, body);
    const call = {
      key: request.method === 'POST' ? request.get('idempotency-key') : undefined,
      actor: actor.name,
      secret: request.headers.authorization ?? '',
      method: request.method,
      path: request.path,
      body,
    };
    sendAnswer(
      response,
      await answerOnce(deps, call, () => work(actor, input, request.params.id ?? '', request as Request)),
    );
  };
}

/** A call that takes something away and answers with nothing. What has an ETag may be asked for with If-Match. */
export function removes(
  deps: ServerDeps,
  permission: Permission,
  work: (actor: Actor, id: string, ifMatch: string | undefined) => Promise<void>,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const actor = await authorizeActor(deps, request.headers.authorization, permission);
    await work(actor, request.params.id, request.headers['if-match']);
    response.status(204).end();
  };
}

export function created({ shown, tag }: Tagged<object>): Answered {
  return { status: 201, body: shown, tag };
}

export function changed({ shown, tag }: Tagged<object>): Answered {
  return { status: 200, body: shown, tag };
}

function sendAnswer(response: Response, { status, body, tag }: Answered): void {
  if (tag !== undefined) response.set('ETag', `"${tag}"`);
  response.status(status).json(body);
}
