/** openapi.yaml is whole: every refusal with its codes, every body with an example that fits its schema. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { problemCodes } from '../../../server/http/problems.js';
import { renderReference } from '../../../server/http/reference.js';
import { contract, operations, type Operation, type Schema } from './contract-operations.js';
import { readFile } from 'node:fs/promises';

interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly $ref?: string; readonly value?: unknown }>>;
}
interface Answer {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Content>>;
}
const { components } = contract as unknown as {
  components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: Record<string, unknown> }>>;
  };
};

/** Raw bytes have no example. */
const isBinary = (type: string) => type === 'application/octet-stream';

const $defs = JSON.parse(JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/$defs/')) as object;

/** What keeps an example from its schema, or null. */
function fault(schema: Schema, value: unknown): string | null {
  const own = JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/')) as object;
  const parsed = z.fromJSONSchema({ ...own, $defs } as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value);
  return parsed.success ? null : z.prettifyError(parsed.error);
}

function answersOf({ responses }: Operation): (readonly [status: number, answer: Answer])[] {
  return Object.entries(responses as Readonly<Record<string, Answer>>).map(([status, answer]) => [
    Number(status),
    answer.$ref === undefined ? answer : (components.responses[answer.$ref.split('/').at(-1) ?? ''] ?? {}),
  ]);
}

const named = operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);

describe.each(named)('%s', (_name, operation) => {
  test('says for each refusal which codes it may have', () => {
    if (operation.method === 'HEAD') return;
    for (const [status, { content }] of answersOf(operation).filter(([code]) => code >= 400)) {
      const examples = content?.['application/problem+json']?.examples ?? {};
      expect([status, Object.keys(examples).length > 0]).toEqual([status, true]);
      for (const [code, { $ref }] of Object.entries(examples)) {
        expect($ref).toBe(`#/components/examples/${code}`);
        expect([code, components.examples[code]?.value['status']]).toEqual([code, status]);
      }
    }
  });

  test('has an example of each body, and it fits', () => {
    const sent = operation.requestBody?.content ?? {};
    const received = answersOf(operation).filter(([status]) => status < 300);
    for (const content of [sent, ...received.map(([, answer]) => answer.content ?? {})])
      for (const [type, { schema, example }] of Object.entries(content as Readonly<Record<string, Content>>)) {
        if (isBinary(type)) continue;
        expect([type, typeof example]).not.toEqual([type, 'undefined']);
        expect([type, fault(schema, example)]).toEqual([type, null]);
      }
  });
});

describe('the examples of problems', () => {
  test.each(Object.entries(components.examples))('%s', (code, { summary, value }) => {
    expect(fault(components.schemas['Problem'] ?? {}, value)).toBeNull();
    expect(value).toMatchObject({ code, type: `urn:yms:problem:${code}`, title: summary });
    const known = problemCodes().find((problem) => problem.code === code);
    if (known) expect(value).toMatchObject({ status: known.status, title: known.title });
    else expect(value).toMatchObject({ status: 422, title: 'The signed file is refused' });
  });

  test('are of every code that a call of the API can end with', () => {
    /** Of the console's forms, of every address, and what no body of ours reaches. */
    const elsewhere = [
      'code-wrong',
      'form-foreign',
      'form-stale',
      'hex-invalid',
      'invitation-unknown',
      'json-not-canonical',
      'method-not-allowed',
      'password-weak',
      'session-missing',
      'sign-in-refused',
    ];
    const documented = Object.keys(components.examples);
    const missing = problemCodes().filter(({ code }) => !documented.includes(code));
    expect(missing.map(({ code }) => code).toSorted()).toEqual(elsewhere);
  });
});

test('an example that does not fit is found', () => {
  expect(fault({ $ref: '#/components/schemas/Customer' }, { id: 'x' })).not.toBeNull();
  const extra = { ...(components.examples['not-found']?.value ?? {}), more: 1 };
  expect(fault(components.schemas['Problem'] ?? {}, extra)).not.toBeNull();
});

test('the reference page shows codes and examples of every call', async () => {
  const page = renderReference(await readFile(new URL('../../../openapi.yaml', import.meta.url), 'utf8'));
  for (const operation of operations) {
    const from = page.indexOf(`<h2 id="${operation.operationId}">`);
    const section = page.slice(from, page.indexOf('</section>', from));
    for (const [, answer] of answersOf(operation))
      for (const code of Object.keys(answer.content?.['application/problem+json']?.examples ?? {}))
        expect([operation.operationId, code, section.includes(`href="#problem-${code}"`)]).toEqual([
          operation.operationId,
          code,
          true,
        ]);
    if (operation.body) expect(section).toContain('Example');
  }
  for (const code of Object.keys(components.examples)) expect(page).toContain(`id="problem-${code}"`);
});
