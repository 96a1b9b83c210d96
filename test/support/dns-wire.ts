import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { concatBytes } from '../../base/bytes.js';

const typeA = 1;
const typeAaaa = 28;

/** A DNS query for the addresses of a name (RFC 1035 section 4). */
export function encodeQuery(name: string): Uint8Array {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'ascii')]));
  return concatBytes(Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, Buffer.from([0, 0, typeA, 0, 1]));
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** A name server on the loopback address that knows every name: `addressesOf` says which addresses it has. */
export class EveryName {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async listen(addressesOf: (name: string) => { a: Uint8Array; aaaa: Uint8Array }): Promise<EveryName> {
    const socket = createSocket('udp4');
    socket.on('message', (query, peer) => {
      const { name, type, end } = questionOf(query);
      const { a, aaaa } = addressesOf(name);
      const address = type === typeA ? a : type === typeAaaa ? aaaa : null;
      const head = Buffer.from([0, 0, 0x84, 0x80, 0, 1, 0, address === null ? 0 : 1, 0, 0, 0, 0]);
      query.copy(head, 0, 0, 2);
      const record =
        address === null ? [] : [Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length]), address];
      socket.send(concatBytes(head, query.subarray(12, end), ...record), peer.port, peer.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new EveryName(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** A UDP port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

/** A capture file (pcap, raw IPv4) of UDP datagrams to port 53 of a name server. */
export function encodeCapture(payloads: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(24);
  for (const [at, value] of [0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 101].entries()) head.writeUInt32LE(value, at * 4);
  const packets = payloads.flatMap((payload, index) => {
    const length = 28 + payload.length;
    const record = Buffer.alloc(16);
    for (const [at, value] of [1_782_864_000 + index, 0, length, length].entries()) record.writeUInt32LE(value, at * 4);
    const packet = Buffer.alloc(28);
    packet.set([0x45, 0, length >> 8, length & 255, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.writeUInt16BE(20_000 + index, 20);
    packet.writeUInt16BE(53, 22);
    packet.writeUInt16BE(8 + payload.length, 24);
    return [record, packet, payload];
  });
  return concatBytes(head, ...packets);
}
