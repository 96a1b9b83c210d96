import { Router } from 'express';
import { z } from 'zod';
import { formatSeconds } from '../../base/clock.js';
import { canonicalJson } from '../../base/json.js';
import { usedSeats } from '../activation.js';
import { appendAudit } from '../audit.js';
import { authorize } from '../auth.js';
import { readJson } from '../body.js';
import type { ServerDeps } from '../deps.js';
import { ServerError } from '../error.js';
import { idPattern, newId } from '../ids.js';
import { licenseKeyDigest, newLicenseKey, parseLicenseKey } from '../license-key.js';
import { licenseFeatures, licenseState } from '../licensing.js';
import type { Records, RecordsTransaction } from '../records/database.js';
import type { LicenseRow } from '../records/tables.js';
import { features, id, seats, slug, time } from './fields.js';
import { onlyMethods } from './method.js';
import { pageAnswer, requestedPage } from './page.js';

const newLicense = z.strictObject({
  customerId: id,
  features,
  seats,
  channel: slug.default('stable'),
  notBefore: time.optional(),
  expiresAt: time,
});

const change = z
  .strictObject({
    features: features.optional(),
    seats: seats.optional(),
    expiresAt: time.optional(),
    status: z.enum(['active', 'suspended', 'revoked']).optional(),
  })
  .refine((members) => Object.keys(members).length > 0, 'expected at least one member to change');

export function licenseRoutes(deps: ServerDeps): Router {
  const { records, clock, config } = deps;
  const limits = { maxBytes: config.maxJsonBytes, totalMs: config.jsonBodyMs };
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route('/v1/licenses')
    .post(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      const terms = await readJson(request, newLicense, limits);
      const licenseKey = newLicenseKey();
      const now = formatSeconds(clock.now());
      const row: LicenseRow = {
        ...terms,
        id: newId('lic', clock),
        keyDigest: digestOf(licenseKey),
        features: canonicalJson(terms.features),
        status: 'active',
        notBefore: terms.notBefore ?? now,
        createdAt: now,
        lastSerial: 0,
      };
      requireSpan(row);
      await records.transaction().execute(async (trx) => {
        if (!(await trx.selectFrom('customers').select('id').where('id', '=', row.customerId).executeTakeFirst()))
          throw new ServerError('reference-unknown', 'body at /customerId: expected a known customer, got another id');
        await trx.insertInto('licenses').values(row).execute();
        const details = { ...terms, notBefore: row.notBefore };
        await appendAudit(trx, clock, { actor, action: 'license.create', subject: row.id, details });
      });
      response.status(201).json({ ...shownLicense(row, 0, clock.now()), licenseKey });
    })
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const { limit, cursor } = requestedPage(request, idPattern);
      const rows = await withSeats(records)
        .where('licenses.id', '>', cursor ?? '')
        .orderBy('licenses.id')
        .limit(limit + 1)
        .execute();
      response.json(
        pageAnswer(
          rows,
          limit,
          (row) => row.id,
          (row) => shownLicense(row, Number(row.seatsUsed), clock.now()),
        ),
      );
    })
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  router
    .route('/v1/licenses/:id')
    .get(async (request, response) => {
      await authorize(deps, request.headers.authorization, ['admin']);
      const row = await withSeats(records).where('licenses.id', '=', request.params.id).executeTakeFirst();
      if (!row) throw unknownLicense();
      response.json(shownLicense(row, Number(row.seatsUsed), clock.now()));
    })
    .patch(async (request, response) => {
      const { actor } = await authorize(deps, request.headers.authorization, ['admin']);
      const { features: changedFeatures, ...others } = await readJson(request, change, limits);
      const changed = await records.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('licenses').selectAll().where('id', '=', request.params.id).executeTakeFirst();
        if (!row) throw unknownLicense();
        const next: LicenseRow = {
          ...row,
          ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
          ...(changedFeatures === undefined ? {} : { features: canonicalJson(changedFeatures) }),
        };
        requireSpan(next);
        const used = await usedSeats(trx, row.id);
        if (next.seats < used)
          throw new ServerError(
            'seats-in-use',
            `license ${row.id}: expected at least ${used} seats, got ${next.seats}`,
            {
              hint: 'remove hosts first',
            },
          );
        const { features, seats, expiresAt, status } = next;
        await trx
          .updateTable('licenses')
          .set({ features, seats, expiresAt, status })
          .where('id', '=', row.id)
          .execute();
        const details = JSON.parse(canonicalJson({ ...others, features: changedFeatures })) as Record<string, never>;
        await appendAudit(trx, clock, { actor, action: 'license.update', subject: row.id, details });
        return shownLicense(next, used, clock.now());
      });
      response.json(changed);
    })
    .all(onlyMethods('GET', 'HEAD', 'PATCH'));
  return router;
}

function withSeats(db: Records | RecordsTransaction) {
  return db
    .selectFrom('licenses')
    .selectAll('licenses')
    .select((e) =>
      e
        .selectFrom('hosts')
        .select((count) => count.fn.countAll<number | string>().as('used'))
        .whereRef('hosts.licenseId', '=', 'licenses.id')
        .as('seatsUsed'),
    );
}

/** A licence as admins see it: without its key's digest, with its state now. */
function shownLicense(row: LicenseRow, seatsUsed: number, now: Date): object {
  const { id: licenseId, customerId, seats: all, channel, status, notBefore, expiresAt, createdAt } = row;
  return {
    id: licenseId,
    customerId,
    features: licenseFeatures(row),
    seats: all,
    seatsUsed,
    channel,
    status,
    state: licenseState(row, now),
    notBefore,
    expiresAt,
    createdAt,
  };
}

function requireSpan({ notBefore, expiresAt }: LicenseRow): void {
  if (expiresAt <= notBefore)
    throw new ServerError('request-body', `body at /expiresAt: expected a time after ${notBefore}, got ${expiresAt}`);
}

function digestOf(licenseKey: string): string {
  const secret = parseLicenseKey(licenseKey);
  if (secret === null) throw new ServerError('internal', 'license key: expected a new one to be readable, got another');
  return licenseKeyDigest(secret);
}

function unknownLicense(): ServerError {
  return new ServerError('not-found', 'license: expected a known id, got another');
}
