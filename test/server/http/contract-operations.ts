import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minItems?: number;
}

interface Described {
  readonly operationId: string;
  readonly 'x-permission': string;
  readonly parameters?: readonly { readonly $ref?: string; readonly name?: string; readonly in?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

export interface Operation extends Described {
  readonly method: string;
  readonly path: string;
  readonly body: Schema | null;
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export const contract = parse(await readFile(new URL('../../../openapi.yaml', import.meta.url), 'utf8')) as Contract;

const methods = ['get', 'head', 'put', 'post', 'patch', 'delete'];

/** Every operation of openapi.yaml. */
export const operations: readonly Operation[] = Object.entries(contract.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => methods.includes(method))
    .map(([method, described]) => {
      const operation = described as Described;
      const body = operation.requestBody?.content['application/json']?.schema ?? null;
      return { ...operation, method: method.toUpperCase(), path, body };
    }),
);

export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = contract.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`openapi.yaml: no ${schema.$ref}`);
  return resolved(found);
}

/** Some value that fits, for required members only. */
export function sample(given: Schema): unknown {
  const schema = resolved(given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const [first] = schema.oneOf ?? [];
  if (first) return sample(first);
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  if (type === 'object')
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(schema.properties?.[name] ?? {})]));
  if (type === 'array') return schema.minItems && schema.items ? [sample(schema.items)] : [];
  if (type === 'integer') return schema.minimum ?? 1;
  if (type === 'boolean') return false;
  if (type === 'null') return null;
  return sampleText(schema.pattern ?? '');
}

function sampleText(pattern: string): string {
  if (pattern.startsWith('^(cus|')) return 'cus-000000000000-0000-000000000000';
  if (pattern.includes('{64}')) return 'a'.repeat(64);
  if (pattern.startsWith('^\\d{4}')) return '2027-01-01T00:00:00Z';
  return pattern.startsWith('^[A-Za-z0-9+/]') ? 'AAAA' : 'sample';
}
