import { createHash } from 'node:crypto';
import type { FeedEntry } from './entry.js';
import type { FeedContent, FeedFormat, FeedHeading } from './format.js';
import { plainText } from './line.js';

/** Where a name or an address stands in the events of a log source (Sigma taxonomy 2.1). */
interface Source {
  readonly what: string;
  readonly category: string;
  readonly field: string;
  readonly kind: 'name' | 'address';
}

const sources: readonly Source[] = [
  { what: 'DNS query', category: 'dns', field: 'query', kind: 'name' },
  { what: 'Proxy request', category: 'proxy', field: 'cs-host', kind: 'name' },
  { what: 'Firewall connection', category: 'firewall', field: 'dst_ip', kind: 'address' },
];

/** One Sigma rule a log source, in one file; a log source of which the pack has nothing gets none. */
export const sigma: FeedFormat = {
  comment: '# ',
  exceptions: true,
  says: ({ kind }) => (['domain', 'host', 'pattern', 'address', 'network'].includes(kind) ? 'whole' : null),
  *write(content) {
    let isFirst = true;
    for (const source of sources) {
      const selections = selectionsOf(source, content.entries);
      if (selections.length === 0) continue;
      if (!isFirst) yield '---';
      isFirst = false;
      yield* document(source, selections, content);
    }
  },
};

type Selection = readonly [name: string, key: string, values: readonly string[]];

function selectionsOf({ field, kind }: Source, entries: readonly FeedEntry[]): Selection[] {
  const valuesOf = (...kinds: readonly string[]) =>
    entries.filter((entry) => kinds.includes(entry.kind)).map(({ value }) => value);
  const selections: Selection[] =
    kind === 'address'
      ? [
          ['selection_address', field, valuesOf('address')],
          ['selection_network', `${field}|cidr`, valuesOf('network')],
        ]
      : [
          ['selection_name', field, valuesOf('domain', 'host')],
          ['selection_below', `${field}|endswith`, valuesOf('domain').map((name) => `.${name}`)],
          ['selection_pattern', `${field}|re|i`, valuesOf('pattern').map(patternRegex)],
        ];
  return selections.filter(([, , values]) => values.length > 0);
}

function* document(source: Source, selections: readonly Selection[], content: FeedContent): Generator<string> {
  const { feature, pack, createdAt, terms } = content.heading;
  const allowed = source.kind === 'name' ? content.allowed : [];
  yield `title: ${text(`${source.what} to a host listed by ${feature}/${pack}`.slice(0, 256))}`;
  yield `id: ${ruleId(content.heading, source)}`;
  yield 'status: stable';
  yield `description: ${text(`Made from the indicators and pools of the pack ${feature}/${pack}`)}`;
  yield `author: ${text('yms feed')}`;
  yield `date: ${createdAt.slice(0, 10)}`;
  if (terms.length > 0) yield `license: ${text(terms.map((term) => plainText(term)).join(', '))}`;
  yield 'logsource:';
  yield `    category: ${source.category}`;
  yield 'detection:';
  for (const [name, key, values] of selections) yield* selection(name, key, values);
  if (allowed.length > 0) {
    yield* selection('filter_name', source.field, allowed);
    yield* selection(
      'filter_below',
      `${source.field}|endswith`,
      allowed.map((name) => `.${name}`),
    );
  }
  yield `    condition: 1 of selection_*${allowed.length > 0 ? ' and not 1 of filter_*' : ''}`;
  yield 'falsepositives:';
  yield '    - Research of the listed hosts';
  yield 'level: high';
}

function* selection(name: string, key: string, values: readonly string[]): Generator<string> {
  yield `    ${name}:`;
  yield `        ${key}:`;
  for (const value of values) yield `            - ${text(value)}`;
}

/** A YAML scalar in single quotes: nothing but a doubled quote has a meaning inside. Values are printable ASCII. */
function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A pattern of host names (docs/spec/indicators.md) as an expression in RE2 syntax. */
function patternRegex(pattern: string): string {
  const labels = pattern
    .split('.')
    .map((label) => (label === '*' ? String.raw`[^.]+(?:\.[^.]+)*` : label.replaceAll('*', '[^.]*')));
  return `^${labels.join(String.raw`\.`)}$`;
}

/** A UUID of version 8 (RFC 9562): a feed's rule keeps its id from release to release. */
function ruleId({ feature, pack, channel, name }: FeedHeading, { category }: Source): string {
  const hex = createHash('sha256')
    .update(`yms sigma feed\n${feature}/${pack}/${channel}/${name}/${category}`)
    .digest('hex');
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
