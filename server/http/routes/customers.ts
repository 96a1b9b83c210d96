import { Router } from 'express';
import { createCustomerFeature, listCustomerFeatures } from '../../licensing/customer-features.js';
import {
  createCustomer,
  customerList,
  customerSchema,
  getCustomer,
  listCustomers,
  updateCustomer,
} from '../../licensing/customers.js';
import type { ServerDeps } from '../../deps.js';
import { changed, created, lists, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

export function customerRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/customers')
    .post(
      takes(deps, 'customers:write', customerSchema, async (actor, input) =>
        created(await createCustomer(deps, actor, input)),
      ),
    )
    .get(lists(deps, 'customers:read', customerList, (actor, list) => listCustomers(deps, actor, list)))
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/customers/:id')
    .get(shows(deps, 'customers:read', (actor, id) => getCustomer(deps, actor, id)))
    .patch(
      takes(deps, 'customers:write', customerSchema, async (actor, input, id, request) =>
        changed(await updateCustomer(deps, actor, id, input, request.headers['if-match'])),
      ),
    )
    .all(onlyMethods('GET', 'HEAD', 'PATCH'));
  router
    .route('/v1/customers/:id/features')
    .get(
      shows(deps, 'customers:read', async (actor, id) => ({
        shown: { items: await listCustomerFeatures(deps, actor, id), next: null },
      })),
    )
    .post(
      takes(deps, 'customers:write', customerSchema, async (actor, input, id) => ({
        status: 201,
        body: await createCustomerFeature(deps, actor, id, input),
      })),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  return router;
}
