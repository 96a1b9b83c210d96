/** What a list of licenses is asked for, in the words of the database. */
import { sql } from 'kysely';
import { contains } from '../input/listing.js';

/** Of the plan or added, and not removed. */
export function hasFeature(feature: string) {
  const quoted = JSON.stringify(feature);
  return sql<boolean>`(${contains('plans.features', quoted)} or ${contains('licenses.features', quoted)})
    and not ${contains('licenses.removedFeatures', quoted)}`;
}
