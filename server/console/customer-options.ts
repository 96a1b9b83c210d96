import type { PageContext } from './page-context.js';

/** Customers to choose from, by name. */
export async function customerOptions({ deps, actor }: PageContext): Promise<(readonly [id: string, name: string])[]> {
  const rows = await deps.records
    .selectFrom('customers')
    .select(['id', 'name'])
    .$if(actor.customerId !== null, (some) => some.where('id', '=', actor.customerId ?? ''))
    .orderBy('name')
    .orderBy('id')
    .execute();
  return rows.map(({ id, name }) => [id, name] as const);
}
