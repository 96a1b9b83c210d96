import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Answer {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly examples?: Readonly<Record<string, unknown>> }>>;
}
type Paths = Readonly<
  Record<string, Readonly<Record<string, { readonly responses?: Readonly<Record<string, Answer>> }>>>
>;

interface Contract {
  readonly paths: Paths;
  readonly components: { readonly responses: Readonly<Record<string, Answer>> };
}

let known: { readonly contract: Contract; readonly routes: readonly (readonly [RegExp, string])[] } | null = null;

function load() {
  if (known) return known;
  const contract = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8')) as Contract;
  const routes = Object.keys(contract.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length) // the most particular one first
    .map((path) => [new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]*')}$`), path] as const);
  return (known = { contract, routes });
}

/** The codes that openapi.yaml lists for an operation and a status; null when it lists no such status. */
export function documentedCodes(path: string, method: string, status: number): readonly string[] | null {
  const { contract } = load();
  const answer = contract.paths[path]?.[method.toLowerCase()]?.responses?.[String(status)];
  const named =
    answer?.$ref === undefined ? answer : contract.components.responses[answer.$ref.split('/').at(-1) ?? ''];
  return named ? Object.keys(named.content?.['application/problem+json']?.examples ?? {}) : null;
}

/**
 * What is wrong with a problem that a server answered with: a code that openapi.yaml does not list for this call and
 * status. Null when it lists it, and for what is no call of the contract: the console, other addresses, other methods.
 */
export function undocumented(method: string, address: string, status: number, code: unknown): string | null {
  const { contract, routes } = load();
  const path = routes.find(([pattern]) => pattern.test(address.split('?')[0] ?? ''))?.[1];
  if (path === undefined || contract.paths[path]?.[method.toLowerCase()]?.responses === undefined) return null;
  if (documentedCodes(path, method, status)?.includes(String(code))) return null;
  return `${method} ${path}: expected a problem that openapi.yaml lists, got ${status} ${String(code)}`;
}
