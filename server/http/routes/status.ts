import { Router } from 'express';
import { z } from 'zod';
import { formatSeconds } from '../../../base/clock.js';
import { canonicalJson } from '../../../base/json.js';
import { authorize } from '../../access/auth.js';
import { readJson } from '../body.js';
import type { ServerDeps } from '../../deps.js';
import { displayName, slug, time } from '../../input/fields.js';
import { onlyMethods } from './method.js';

const sequence = z.int().min(0);

const body = z.strictObject({
  client: displayName,
  sequenceSeen: sequence,
  packs: z
    .array(
      z.strictObject({
        feature: slug,
        pack: slug,
        channel: slug,
        version: displayName,
        epoch: z.int().min(1).optional(),
        sequence,
        contentDigest: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
        installedAt: time,
      }),
    )
    .max(1024),
  lastError: z.strictObject({ code: z.string().regex(/^[a-z0-9-]{1,64}$/), message: z.string().max(1000) }).optional(),
});

/** A host says what it has installed; only its last report is kept. Also a suspended license's hosts may report. */
export function statusRoutes(deps: ServerDeps): Router {
  const { records, clock, config } = deps;
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/status')
    .post(async (request, response) => {
      const { hostId } = await authorize(deps, request.headers.authorization, ['host']);
      const status = await readJson(request, body, { maxBytes: config.maxJsonBytes * 8, totalMs: config.jsonBodyMs });
      await records
        .updateTable('hosts')
        .set({
          client: status.client,
          status: canonicalJson(status),
          statusAt: formatSeconds(clock.now()),
          lastSeenAt: formatSeconds(clock.now()),
        })
        .where('id', '=', hostId)
        .execute();
      response.status(204).end();
    })
    .all(onlyMethods('POST'));
  return router;
}
