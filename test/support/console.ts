import type { Role } from '../../server/actor/roles.js';
import { joinedPerson, type TestPerson } from './person.js';
import type { TestServer } from './server.js';

export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where a redirect goes to. */
  readonly to: string | null;
}

/** A browser without a screen: keeps the cookie, sends forms as the pages have them. */
export class TestVisitor {
  readonly #server: TestServer;
  readonly person: TestPerson;
  cookie: string;

  private constructor(server: TestServer, person: TestPerson) {
    this.#server = server;
    this.person = person;
    this.cookie = person.cookie;
  }

  static async of(server: TestServer, role: Role, customerId: string | null = null): Promise<TestVisitor> {
    const email = `${role}-${++count}@example.com`;
    return new TestVisitor(server, await joinedPerson(server.running.deps, role, email, customerId));
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ConsoleAnswer> {
    return consoleCall(this.#server.url, 'GET', path, { cookie: this.cookie, ...headers });
  }

  /** Opens the page, fills in the form that posts to `action`, and sends it. */
  async send(page: string, action: string, fields: Fields): Promise<ConsoleAnswer> {
    return this.post(action, { ...hiddenFields((await this.get(page)).html, action), ...fields });
  }

  /** Chooses a file for the field `name` of the form on `page`, and sends it. */
  async upload(page: string, action: string, name: string, file: Uint8Array): Promise<ConsoleAnswer> {
    const form = multipart(hiddenFields((await this.get(page)).html, action), name, file);
    return this.post(action, form);
  }

  post(
    action: string,
    fields: Fields | FormData,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ConsoleAnswer> {
    return consoleCall(
      this.#server.url,
      'POST',
      action,
      { cookie: this.cookie, 'sec-fetch-site': 'same-origin', ...headers },
      fields,
    );
  }
}

let count = 0;

/** The fields of a form, and one file, as a browser sends them. */
export function multipart(fields: Readonly<Record<string, string>>, name: string, file: Uint8Array): FormData {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set(name, new Blob([new Uint8Array(file)]), 'pages.request');
  return form;
}

export type Fields = Readonly<Record<string, string | readonly string[]>>;

export async function consoleCall(
  base: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  fields?: Fields | FormData,
): Promise<ConsoleAnswer> {
  const body = fields instanceof FormData ? fields : fields && encodeFields(fields);
  const answer = await fetch(`${base}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(typeof body === 'string' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...headers,
    },
    body: body ?? null,
  });
  const { status } = answer;
  return { status, headers: answer.headers, html: await answer.text(), to: answer.headers.get('location') };
}

function encodeFields(fields: Fields): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const one of typeof value === 'string' ? [value] : value) query.append(name, one);
  return query.toString();
}

/** The hidden inputs of the form with this action. */
export function hiddenFields(html: string, action: string): Record<string, string> {
  const start = html.indexOf(`action="${action}"`);
  if (start < 0) throw new Error(`expected a form with action ${action}, got none`);
  const form = html.slice(start, html.indexOf('</form>', start));
  const inputs = form.matchAll(/<input\s+type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g);
  return Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, unescaped(value)]));
}

/** The secret that a page shows once. */
export function secretOn(html: string): string {
  const [, secret] = /id="once-secret">([^<]+)</.exec(html) ?? [];
  if (secret === undefined) throw new Error('expected a page with a secret, got another');
  return unescaped(secret);
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
