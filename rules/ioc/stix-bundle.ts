import { createHash } from 'node:crypto';
import { canonicalJson } from '../../base/json.js';
import { indicatorId, type Indicator } from './indicator.js';
import { isPlain } from './pattern.js';

/** TLP 2.0 markings by the ids that the STIX best practices guide fixes. */
const markings: Readonly<Record<NonNullable<Indicator['tlp']>, string>> = {
  clear: 'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487',
  green: 'marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb',
  amber: 'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421',
  'amber+strict': 'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003',
  red: 'marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1',
};

/**
 * A STIX 2.1 bundle of all indicators that a pattern can say; the same indicators at the same time give the same bytes.
 * Pipes, handles and file names that are expressions of a kind STIX lacks are left out and counted.
 */
export function formatStixBundle(
  indicators: Iterable<Indicator>,
  createdAt: string,
): { text: string; leftOut: number } {
  const objects = [];
  let leftOut = 0;
  for (const indicator of indicators) {
    const pattern = patternOf(indicator);
    if (pattern === null) leftOut++;
    else objects.push(objectOf(indicator, pattern, createdAt));
  }
  const id = `bundle--${uuidOf(objects.map((object) => object.id).join())}`;
  return { text: canonicalJson({ type: 'bundle', id, objects }), leftOut };
}

function objectOf(indicator: Indicator, pattern: string, createdAt: string) {
  return {
    type: 'indicator',
    spec_version: '2.1',
    id: `indicator--${uuidOf(indicatorId(indicator))}`,
    created: createdAt.replace(/Z$/, '.000Z'),
    modified: createdAt.replace(/Z$/, '.000Z'),
    name: indicator.description ?? indicatorId(indicator).slice(0, 200),
    indicator_types: [indicator.role === 'trusted' ? 'benign' : 'malicious-activity'],
    pattern,
    pattern_type: 'stix',
    valid_from: indicator.firstSeenAt ?? createdAt,
    ...(indicator.expiresAt !== undefined && { valid_until: indicator.expiresAt }),
    ...(indicator.score >= 0 && indicator.score <= 100 && { confidence: indicator.score }),
    ...(indicator.tlp !== undefined && { object_marking_refs: [markings[indicator.tlp]] }),
    ...((indicator.reference !== undefined || indicator.source !== undefined) && {
      external_references: [
        {
          source_name: indicator.source ?? 'reference',
          ...(indicator.reference !== undefined && { url: indicator.reference }),
        },
      ],
    }),
  };
}

function patternOf({ type, value, falsePositive }: Indicator): string | null {
  const text = `'${value.replace(/[\\']/g, '\\$&')}'`;
  switch (type) {
    case 'md5':
      return `[file:hashes.MD5 = ${text}]`;
    case 'sha1':
      return `[file:hashes.'SHA-1' = ${text}]`;
    case 'sha256':
      return `[file:hashes.'SHA-256' = ${text}]`;
    case 'domain':
    case 'fqdn':
      return `[domain-name:value = ${text}]`;
    case 'ip':
    case 'cidr':
      return `[${value.includes(':') ? 'ipv6' : 'ipv4'}-addr:value = ${text}]`;
    case 'url':
      return `[url:value = ${text}]`;
    case 'email':
      return `[email-addr:value = ${text}]`;
    case 'registry-key':
      return `[windows-registry-key:key = ${text}]`;
    case 'filename':
      return falsePositive === undefined ? `[file:name MATCHES ${text}]` : null;
    case 'handle':
      return isPlain(value.replace(/^(?:Global|Local|BaseNamedObjects)\\/, '')) ? `[mutex:name = ${text}]` : null;
    case 'imphash':
    case 'keyword':
    case 'pipe':
      return null;
  }
}

/** A UUID of version 8 (RFC 9562) made of the name's hash, so that an indicator keeps its id from bundle to bundle. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(`yms stix\n${name}`).digest('hex');
  const variant = ((parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
