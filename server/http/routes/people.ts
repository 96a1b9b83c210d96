import { Router } from 'express';
import { z } from 'zod';
import type { ServerDeps } from '../../deps.js';
import { invitationPath } from '../../access/people/invitation.js';
import {
  changePerson,
  getPerson,
  invitePerson,
  listPeople,
  newPersonSchema,
  personChangeSchema,
  personList,
  reinvitePerson,
} from '../../access/people/person.js';
import type { Person } from '../../access/people/shown-person.js';
import { changed, lists, shows, takes } from './call.js';
import { onlyMethods } from './method.js';

/** Those who sign in to the console. The first owner is invited with an admin token. */
export function personRoutes(deps: ServerDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/people')
    .get(lists(deps, 'people:read', personList, (actor, list) => listPeople(deps, actor, list)))
    .post(
      takes(deps, 'people:write', newPersonSchema, async (actor, terms) => ({
        status: 201,
        body: invited(await invitePerson(deps, actor, terms)),
      })),
    )
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/people/:id')
    .get(shows(deps, 'people:read', (actor, id) => getPerson(deps, actor, id)))
    .patch(
      takes(deps, 'people:write', personChangeSchema, async (actor, change, id, request) =>
        changed(await changePerson(deps, actor, id, change, request.headers['if-match'])),
      ),
    )
    .all(onlyMethods('GET', 'HEAD', 'PATCH'));
  router
    .route('/v1/people/:id/invitation')
    .post(
      takes(deps, 'people:write', z.strictObject({}), async (actor, _input, id) => ({
        status: 201,
        body: invited(await reinvitePerson(deps, actor, id)),
      })),
    )
    .all(onlyMethods('POST'));
  return router;
}

/** The path holds a secret that is nowhere else. */
function invited({ person, invitation }: { readonly person: Person; readonly invitation: string }): object {
  return { ...person, invitationPath: invitationPath(invitation) };
}
