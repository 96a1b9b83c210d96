/** `openapi.yaml` as a page for people: no script, no assets from elsewhere. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { sha256, encodeBase64, utf8 } from '../../base/bytes.js';
import { ServerError } from '../error.js';
import { type Problem, problemCodes } from './problems.js';

interface Described {
  readonly summary: string;
  readonly operationId: string;
  readonly 'x-permission': string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Content {
  readonly schema: unknown;
  readonly example?: unknown;
  /** Of problems: one by code. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Parameter {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
  readonly description?: string;
}

interface Contract {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: Problem }>>;
  };
}

const style = `:root{color-scheme:light dark;--line:#8885}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h2{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;border:1px solid var(--line);border-radius:4px;padding:.6rem}nav{columns:18rem}nav li{break-inside:avoid}
td p,td pre{margin:.3rem 0}summary{cursor:pointer}table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;border-bottom:1px solid var(--line);padding:.2rem .8rem .2rem 0}`;

/** Nothing but this page's own style may be loaded. */
export const referencePolicy = `default-src 'none'; style-src 'sha256-${encodeBase64(sha256(utf8(style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** At the top of the package, which is one folder further up from `dist/`. */
export async function loadContract(): Promise<string> {
  for (const path of ['../../openapi.yaml', '../../../openapi.yaml']) {
    try {
      return await readFile(new URL(path, import.meta.url), 'utf8');
    } catch {
      continue;
    }
  }
  throw new ServerError('internal', 'openapi.yaml: expected it in the package, got no such file');
}

export function renderReference(text: string): string {
  const contract = parse(text) as Contract;
  const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'head', 'put', 'post', 'patch', 'delete'].includes(method))
      .map(([method, described]) => ({ path, method: method.toUpperCase(), ...(described as Described) })),
  );
  const { title, version, description } = contract.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head><body><main>
<h1>${escape(title)} ${escape(version)}</h1><p>${escape(description)}</p><p><a href="/openapi.yaml">openapi.yaml</a></p>
<nav aria-label="Calls"><ul>${operations
    .map(({ operationId, method, path }) => `<li><a href="#${escape(operationId)}">${method} ${escape(path)}</a></li>`)
    .join('')}</ul></nav>
${operations.map((operation) => renderOperation(operation, contract)).join('\n')}
<h2 id="schemas">Schemas</h2>
${Object.entries(contract.components.schemas)
  .map(([name, schema]) => `<h3 id="schema-${escape(name)}">${escape(name)}</h3><pre>${linked(schema)}</pre>`)
  .join('\n')}
${renderProblems(contract)}
</main></body></html>
`;
}

function renderOperation(operation: Described & { path: string; method: string }, contract: Contract): string {
  const { operationId, method, path, summary, description, parameters = [], requestBody, responses } = operation;
  const named = parameters.map((parameter) =>
    parameter.$ref === undefined
      ? parameter
      : (contract.components.parameters[parameter.$ref.replace('#/components/parameters/', '')] ?? parameter),
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, content]) =>
      `<p>Body <code>${escape(type)}</code></p><pre>${linked(content.schema)}</pre>${exampleOf(content)}`,
  );
  const answers = Object.entries(responses).map(([status, { $ref, ...own }]) => {
    const answer = $ref === undefined ? own : contract.components.responses[$ref.split('/').at(-1) ?? ''];
    const content = Object.entries(answer?.content ?? {}).map(([type, { examples, ...one }]) =>
      examples === undefined
        ? `<p><code>${escape(type)}</code></p><pre>${linked(one.schema)}</pre>${exampleOf(one)}`
        : `<p>${Object.keys(examples).map(codeLink).join(' ')}</p>`,
    );
    return `<tr><td>${escape(status)}</td><td>${escape(answer?.description ?? 'an answer')}${content.join('')}</td></tr>`;
  });
  return `<section><h2 id="${escape(operationId)}"><code>${method} ${escape(path)}</code></h2>
<p>${escape(summary)}${description === undefined ? '' : `. ${escape(description)}`}</p>
<p>Needs: <code>${escape(operation['x-permission'])}</code></p>
${named.length === 0 ? '' : `<ul>${named.map(({ name = '', in: where = '', description: said = '' }) => `<li><code>${escape(name)}</code> (${escape(where)}) ${escape(said)}</li>`).join('')}</ul>`}
${bodies.join('')}<table><tbody>${answers.join('')}</tbody></table></section>`;
}

function exampleOf({ example }: Content): string {
  if (example === undefined) return '';
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2);
  return `<details><summary>Example</summary><pre>${escape(text)}</pre></details>`;
}

function codeLink(code: string): string {
  return `<a href="#problem-${escape(code)}"><code>${escape(code)}</code></a>`;
}

/** Every code of the server: those of calls with an example, and those that any address may answer with. */
function renderProblems({ components: { examples } }: Contract): string {
  const listed = Object.values(examples).map(({ value }) => value);
  const others = problemCodes()
    .filter(({ code }) => !Object.hasOwn(examples, code))
    .map((problem) => ({ ...problem, detail: null }));
  const rows = [...listed, ...others]
    .toSorted((a, b) => a.status - b.status)
    .map(({ status, code, title, detail: said }) => {
      const detail = said === null ? '' : `<br>such as <q>${escape(said)}</q>`;
      return `<tr id="problem-${escape(code)}"><td>${status}</td><td><code>${escape(code)}</code></td><td>${escape(title)}${detail}</td></tr>`;
    });
  return `<h2 id="problems">Problems</h2><p>Every refusal is a problem document (RFC 9457) with one of these codes.</p>
<table><thead><tr><th scope="col">status</th><th scope="col">code</th><th scope="col">title</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** A schema as JSON, with a link for each reference. */
function linked(schema: unknown): string {
  return escape(JSON.stringify(schema, null, 1)).replace(
    /\{\s*&quot;\$ref&quot;: &quot;#\/components\/schemas\/(\w+)&quot;\s*\}/g,
    '<a href="#schema-$1">$1</a>',
  );
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
