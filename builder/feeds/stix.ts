import type { Indicator } from '../../rules/ioc/indicator.js';
import { formatStixBundle } from '../../rules/ioc/stix-bundle.js';
import type { FeedFormat } from './format.js';

/** A STIX 2.1 bundle of everything that a pattern can say, files and registry keys too. It has no comments. */
export const stix: FeedFormat = {
  comment: null,
  exceptions: false,
  says: ({ indicator }) => (indicator !== null && isSaid(indicator) ? 'whole' : null),
  *write({ heading, entries }) {
    const indicators = entries
      .map(({ indicator }) => indicator)
      .filter((indicator): indicator is Indicator => indicator !== null);
    yield formatStixBundle(indicators, heading.createdAt).text;
  },
};

function isSaid(indicator: Indicator): boolean {
  return formatStixBundle([indicator], '1970-01-01T00:00:00Z').leftOut === 0;
}
