import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { normaliseIp } from '../../rules/ioc/address.js';
import type { Fact, Observation } from './observation.js';
import { pidsOf } from './processes.js';

const tables = ['tcp', 'tcp6', 'udp', 'udp6'] as const;
const row =
  /^ *\d+: [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]{2} (?:\S+ +){3}\d+ +\d+ +(\d+)/;

/** Sockets of one process that are looked at; a server with more has them to the same few hosts. */
const maxSockets = 100_000;

/**
 * The open connections, as `proc` (Linux procfs) tells them: the address and port at the other end, and the processes that
 * hold them. A socket that waits for connections has no other end.
 */
export async function* connectionsOf(proc: string): AsyncGenerator<Observation> {
  const owners = await ownersOf(proc);
  for (const table of tables) {
    const text = await readFile(join(proc, 'net', table), 'latin1').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      const [, address = '', port = '', inode = ''] = row.exec(line) ?? [];
      const host = address === '' ? null : addressOf(address);
      if (host === null || /^(?:0\.0\.0\.0|::)$/.test(host)) continue;
      const pids = owners.get(inode) ?? [];
      const facts: Fact[] = [
        { kind: 'address', name: 'remote address', value: host },
        { kind: 'port', name: 'remote port', value: String(parseInt(port, 16)) },
      ];
      const by = pids.length === 0 ? '' : ` of process ${pids.join(', ')}`;
      yield { element: 'connection', path: `${table} connection${by}`, facts };
    }
  }
}

/** Which processes hold a socket, by its inode. */
async function ownersOf(proc: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const owners = new Map<string, string[]>();
  for (const pid of await pidsOf(proc)) {
    const folder = join(proc, pid, 'fd');
    const names = await readdir(folder).catch(() => []);
    for (const name of names.slice(0, maxSockets)) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(join(folder, name)).catch(() => ''))?.[1];
      if (inode === undefined) continue;
      const known = owners.get(inode);
      if (known === undefined) owners.set(inode, [pid]);
      else if (!known.includes(pid)) known.push(pid);
    }
  }
  return owners;
}

/** procfs writes addresses as 32-bit words in the order of the machine, which is little-endian wherever Node.js runs Linux but s390x. */
export function addressOf(hex: string): string | null {
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return normaliseIp(groups.join(':'));
}
