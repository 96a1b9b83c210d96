import { Router } from 'express';
import type { z } from 'zod';
import type { ServerDeps } from '../../deps.js';
import type { Actor } from '../../actor/actor.js';
import type { Tagged } from '../../input/entity-tag.js';
import {
  extendLicense,
  extendSchema,
  reasonSchema,
  renewLicense,
  renewSchema,
  resumeLicense,
  revokeLicense,
  suspendLicense,
  transferLicense,
  transferSchema,
  upgradeLicense,
  upgradeSchema,
} from '../../licensing/license-acts.js';
import {
  getLicense,
  licenseChangeSchema,
  licenseList,
  listLicenses,
  newLicenseSchema,
  sellLicense,
  updateLicense,
} from '../../licensing/licenses.js';
import type { LicenseAct } from '../../licensing/transitions.js';
import { changed, created, lists, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function licenseRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/licenses')
    .post(
      takes(deps, 'licenses:write', newLicenseSchema, async (actor, input) =>
        created(await sellLicense(deps, actor, input)),
      ),
    )
    .get(lists(deps, 'licenses:read', licenseList, (actor, list) => listLicenses(deps, actor, list)))
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/licenses/:id')
    .get(shows(deps, 'licenses:read', (actor, id) => getLicense(deps, actor, id)))
    .patch(
      takes(deps, 'licenses:write', licenseChangeSchema, async (actor, change, id, request) =>
        changed(await updateLicense(deps, actor, id, change, request.headers['if-match'])),
      ),
    )
    .all(onlyMethods('GET', 'HEAD', 'PATCH'));
  actRoute(router, deps, 'renew', renewSchema, renewLicense);
  actRoute(router, deps, 'extend', extendSchema, extendLicense);
  actRoute(router, deps, 'upgrade', upgradeSchema, upgradeLicense);
  actRoute(router, deps, 'transfer', transferSchema, transferLicense);
  actRoute(router, deps, 'suspend', reasonSchema, suspendLicense);
  actRoute(router, deps, 'resume', reasonSchema, resumeLicense);
  actRoute(router, deps, 'revoke', reasonSchema, revokeLicense);
  return router;
}

/** `POST /v1/licenses/{id}/<act>`. */
function actRoute<S extends z.ZodType>(
  router: Router,
  deps: ServerDeps,
  act: LicenseAct,
  schema: S,
  work: (
    deps: ServerDeps,
    actor: Actor,
    licenseId: string,
    input: z.output<S>,
    options: { readonly ifMatch?: string | undefined },
  ) => Promise<Tagged<object>>,
): void {
  router
    .route(`/v1/licenses/:id/${act}`)
    .post(
      takes(deps, 'licenses:write', schema, async (actor, input, id, request) =>
        changed(await work(deps, actor, id, input, { ifMatch: request.headers['if-match'] })),
      ),
    )
    .all(onlyMethods('POST'));
}
