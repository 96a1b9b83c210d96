import { isCustomerFeature, listCustomerFeatures } from '../licensing/customer-features.js';
import { listPlans, planList, type ShownPlan } from '../licensing/plans.js';
import { parseListQuery } from '../input/listing.js';
import { may, type PageContext } from './page-context.js';

/** All plans that are sold, by name. */
export async function soldPlans({ deps, actor }: PageContext): Promise<readonly ShownPlan[]> {
  if (!may({ actor }, 'plans:read')) return [];
  const query = parseListQuery({ limit: '500', sort: 'name', archived: 'false' }, planList);
  return (await listPlans(deps, actor, query)).items;
}

export interface KnownFeature {
  readonly name: string;
  /** What its customer calls it; null for everybody's features. */
  readonly label: string | null;
}

/** Features that can be sold: those of plans, those published, and the own ones of one customer. */
export async function knownFeatures(
  context: PageContext,
  plans: readonly ShownPlan[],
  customerId: string | null,
): Promise<KnownFeature[]> {
  const published = await context.deps.records.selectFrom('packs').select('feature').distinct().execute();
  const everybodys = [...plans.flatMap(({ features }) => features), ...published.map(({ feature }) => feature)];
  const names = [...new Set(everybodys)].filter((name) => !isCustomerFeature(name)).toSorted();
  const own = customerId === null ? [] : await listCustomerFeatures(context.deps, context.actor, customerId);
  return [
    ...names.map((name) => ({ name, label: null })),
    ...own.map(({ feature, name }) => ({ name: feature, label: name })),
  ];
}
