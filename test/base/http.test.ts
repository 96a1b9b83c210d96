import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { request } from '../../base/http.js';
import { expectCode } from '../support/expect-code.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(
  handler: (incoming: IncomingMessage, answer: ServerResponse, call: number) => void,
): Promise<string> {
  let calls = 0;
  const server = createServer((incoming, answer) => handler(incoming, answer, ++calls));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('request', () => {
  test.each(['https://admin:hunter2@host.example/', 'https://:hunter2@host.example/', 'ftp://a:hunter2@host.example'])(
    'does not repeat the credentials of %s',
    async (url) => {
      const error = await expectCode('http-url', () => request(url, { maxBytes: 5 }));
      expect(error.message).not.toContain('hunter2');
    },
  );

  test.each([
    'http://host.example/',
    'http://10.0.0.1:8080/',
    'http://127.0.0.1.example/',
    'http://localhost.example/',
  ])('sends nothing in the clear to %s', async (url) => {
    const error = await expectCode('http-url', () => request(url, { maxBytes: 5 }));
    expect(error.hint).toContain('TLS');
  });

  test.each(['http://localhost:1/', 'http://127.8.9.1:1/', 'http://[::1]:1/'])('speaks http to %s', async (url) => {
    await expectCode('http-unreachable', () => request(url, { maxBytes: 5, attempts: 1 }));
  });

  test('gives status, headers and body, and tells of its progress', async () => {
    const url = await serve((incoming, answer) => {
      answer.setHeader('content-length', 5).writeHead(404, { 'x-method': incoming.method }).end('hello');
    });
    const seen: [number, number | null][] = [];
    const answer = await request(url, { maxBytes: 5, onProgress: (...progress) => seen.push(progress) });
    expect([answer.status, answer.headers.get('x-method'), text(answer.body)]).toEqual([404, 'GET', 'hello']);
    expect(seen.at(-1)).toEqual([5, 5]);
  });

  test('sends a body once, also when the answer is an error of the server', async () => {
    const bodies: string[] = [];
    const url = await serve((incoming, answer) => {
      const parts: Buffer[] = [];
      incoming
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => {
          bodies.push(text(Buffer.concat(parts)));
          answer.writeHead(503).end();
        });
    });
    expect((await request(url, { method: 'POST', body: '{}', maxBytes: 10 })).status).toBe(503);
    expect(bodies).toEqual(['{}']);
  });

  test('tries a GET again after an error of the server', async () => {
    const url = await serve((_, answer, call) => answer.writeHead(call === 1 ? 503 : 200).end(String(call)));
    expect(text((await request(url, { maxBytes: 10 })).body)).toBe('2');
  });

  test('goes on where a cut answer stopped', async () => {
    const whole = 'x'.repeat(1000) + 'y'.repeat(1000);
    const ranges: (string | undefined)[] = [];
    const url = await serve((incoming, answer, call) => {
      ranges.push(incoming.headers.range);
      answer.setHeader('etag', '"v1"');
      if (call === 1) {
        answer.writeHead(200, { 'content-length': whole.length });
        answer.write(whole.slice(0, 1000), () => answer.destroy());
        return;
      }
      expect(incoming.headers['if-range']).toBe('"v1"');
      answer.writeHead(206, { 'content-range': `bytes 1000-1999/2000` }).end(whole.slice(1000));
    });
    const answer = await request(url, { maxBytes: 2000 });
    expect(answer.status).toBe(200);
    expect(text(answer.body)).toBe(whole);
    expect(ranges).toEqual([undefined, 'bytes=1000-']);
  });

  test('starts over when the representation has changed meanwhile', async () => {
    const url = await serve((_, answer, call) => {
      answer.setHeader('etag', `"v${call}"`);
      if (call > 1) return void answer.end('new');
      answer.writeHead(200, { 'content-length': 100 });
      answer.write('old', () => answer.destroy());
    });
    expect(text((await request(url, { maxBytes: 100 })).body)).toBe('new');
  });
});

describe('request refuses', () => {
  test('an answer that is cut each time', async () => {
    const url = await serve((_, answer) => {
      answer.writeHead(200, { 'content-length': 100 });
      answer.write('half', () => answer.destroy());
    });
    await expectCode('http-truncated', () => request(url, { maxBytes: 100, attempts: 2 }));
  });

  test('endless data, announced or not', async () => {
    const announced = await serve((_, answer) => answer.writeHead(200, { 'content-length': 1e9 }).write('x'));
    await expectCode('http-too-large', () => request(announced, { maxBytes: 1000 }));
    const endless = await serve((_, answer) => {
      const more = () => {
        if (!answer.destroyed) answer.write('x'.repeat(10_000), more);
      };
      more();
    });
    await expectCode('http-too-large', () => request(endless, { maxBytes: 100_000 }));
  });

  test('a server that is silent', async () => {
    const url = await serve((_, answer) => answer.write('x'));
    await expectCode('http-timeout', () => request(url, { maxBytes: 10, idleTimeoutMs: 50 }));
    await expectCode('http-timeout', () => request(url, { maxBytes: 10, totalTimeoutMs: 50 }));
  });

  test('a server that is not there', async () => {
    await expectCode('http-unreachable', () => request('http://127.0.0.1:1/', { maxBytes: 10, attempts: 1 }));
  });

  test('a redirect that nobody allowed, one to http, and any other address than http', async () => {
    const url = await serve((_, answer) => answer.writeHead(302, { location: '/elsewhere' }).end());
    await expectCode('http-redirect', () => request(url, { maxBytes: 10 }));
    await expectCode('http-redirect', () => request(url, { maxBytes: 10, redirect: 'once-https' }));
    for (const address of ['file:///etc/passwd', 'nonsense', 'http://user:pass@127.0.0.1/'])
      await expectCode('http-url', () => request(address, { maxBytes: 10 }));
  });
});
