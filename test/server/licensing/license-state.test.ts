/** The state of a license in JavaScript and in SQL: one table of licenses, asked both ways. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMs, formatSeconds, secondMs } from '../../../base/clock.js';
import { licenseStates } from '../../../packs/license.js';
import { isInState, licenseState } from '../../../server/licensing/license-state.js';
import { loadSold, planOf, type SoldLicense } from '../../../server/licensing/sold-license.js';
import { openRecords, type Records } from '../../../server/records/database.js';

const now = new Date('2026-11-25T12:00:00Z');
const graceDays = [0, 1, 14, 400];
const plans = graceDays.flatMap((days) => [0, 1].map((trial) => ({ id: `pln-${days}-${trial}`, days, trial })));
/** Each side of every edge: now, and the end of every grace. */
const ends = [...new Set([0, ...graceDays])].flatMap((days) =>
  [-dayMs, -secondMs, 0, secondMs, dayMs].map((ms) => formatSeconds(new Date(now.getTime() - days * dayMs + ms))),
);
const at = '2026-01-01T00:00:00Z';

let folder: string;
let records: Records;
let sold: readonly SoldLicense[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-state-'));
  records = await openRecords(join(folder, 'records.sqlite'));
  await records.insertInto('customers').values({ id: 'cus-1', name: 'Contoso', createdAt: at }).execute();
  for (const { id, days, trial } of plans)
    await records
      .insertInto('plans')
      .values({
        id,
        name: id,
        features: '[]',
        seats: 1,
        durationDays: 365,
        graceDays: days,
        channel: 'stable',
        trial,
        archivedAt: null,
        createdAt: at,
        documentDays: 14,
        floatingDays: null,
      })
      .execute();
  const planIds = [null, ...plans.map(({ id }) => id)];
  const rows = planIds.flatMap((planId) =>
    (['active', 'suspended', 'revoked'] as const).flatMap((status) =>
      ends.map((expiresAt) => ({ planId, status, expiresAt })),
    ),
  );
  for (const [index, row] of rows.entries())
    await records
      .insertInto('licenses')
      .values({
        id: `lic-${index}`,
        customerId: 'cus-1',
        keyDigest: String(index),
        features: '[]',
        removedFeatures: '[]',
        seats: 1,
        channel: 'stable',
        notBefore: at,
        createdAt: at,
        lastSerial: 0,
        ...row,
      })
      .execute();
  sold = await loadSold(records, await records.selectFrom('licenses').selectAll().execute());
});
afterAll(async () => {
  await records.destroy();
  await rm(folder, { recursive: true });
});

describe('a state', () => {
  test.each(licenseStates)('%s is the same in JavaScript and in SQL, for every license', async (state) => {
    const inScript = sold.filter((license) => licenseState(license, now, planOf(license)) === state);
    const inSql = await records
      .selectFrom('licenses')
      .leftJoin('plans', 'plans.id', 'licenses.planId')
      .select('licenses.id')
      .where(isInState(state, now, graceDays))
      .execute();
    expect(inScript).not.toHaveLength(0);
    expect(inSql.map(({ id }) => id).sort()).toEqual(inScript.map(({ id }) => id).sort());
  });

  test('is found in SQL also while no plan is there', async () => {
    const active = await records
      .selectFrom('licenses')
      .leftJoin('plans', 'plans.id', 'licenses.planId')
      .select('licenses.id')
      .where('licenses.planId', 'is', null)
      .where(isInState('active', now, []))
      .execute();
    const expected = sold.filter((license) => license.plan === null && licenseState(license, now) === 'active');
    expect(active.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
  });
});
