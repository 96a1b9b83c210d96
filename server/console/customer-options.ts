import { ownedBy } from '../actor/actor.js';
import type { PageContext } from './page-context.js';

/** Customers to choose from, by name. */
export async function customerOptions({ deps, actor }: PageContext): Promise<(readonly [id: string, name: string])[]> {
  const rows = await deps.records
    .selectFrom('customers')
    .select(['id', 'name'])
    .where(ownedBy(actor, 'customers.id'))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(({ id, name }) => [id, name] as const);
}
