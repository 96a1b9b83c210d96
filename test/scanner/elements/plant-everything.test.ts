/**
 * Every kind of indicator and pool, in every kind of fact of every element that it is applied in, through the command line: it
 * finds exactly what was planted. The cases follow from the tables, so a new element or kind without one fails.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Column,
  columns,
  type ElementKind,
  elementKinds,
  elementRows,
  type FactKind,
  isApplied,
} from '../../../scanner/findings/element-table.js';
import { spawnYms } from '../../builder/run-yms.js';
import { carriersOf } from './carriers.js';
import { planted } from './samples.js';

interface Case {
  readonly name: string;
  readonly element: ElementKind;
  readonly kind: FactKind;
  readonly column: Column;
  readonly carrier: number;
  readonly isDecoy: boolean;
}

const allColumns = Object.keys(columns) as Column[];
const cases: Case[] = elementKinds.flatMap((element) =>
  elementRows[element].facts.flatMap((kind) =>
    allColumns
      .filter((column) => isApplied(column, kind))
      .flatMap((column) =>
        carriersOf(element, kind).flatMap((_, carrier) =>
          [false, true].map((isDecoy) => ({
            name: `${element} ${kind} ${column} ${carrier}${isDecoy ? ' decoy' : ''}`,
            element,
            kind,
            column,
            carrier,
            isDecoy,
          })),
        ),
      ),
  ),
);

/** Elements that a finding names otherwise than by a file. */
const isLive = ({ element }: Case): boolean => element === 'process' || element === 'connection';
const elementOfFinding = ({ element }: Case): ElementKind => (element === 'strings' ? 'file' : element);

describe('planting everything', () => {
  let folder: string;
  let found: Map<string, string[]>;
  let summary: { examined: Record<string, number>; diagnostics: Record<string, number> };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yms-plant-'));
    for (const { rule } of Object.values(planted)) await write(join(folder, 'rules', rule.file), rule.text);
    const rows = ['  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'];
    for (const [index, one] of cases.entries()) await plant(one, index, rows);
    await write(join(folder, 'host/proc/net/tcp'), `${rows.join('\n')}\n`);
    const args = ['scan', '--rules', 'rules', '--ioc', '--pools', '--live', '--host-root', 'host', '--json', 'cases'];
    const { stdout, stderr, code } = await spawnYms(folder, args);
    expect(code, stderr).toBe(3);
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    found = new Map();
    for (const line of lines) {
      if (line['type'] === 'summary') summary = line['elements'] as typeof summary;
      else {
        const { kind } = line['element'] as { kind: string };
        const key = caseOf(String(line['file']));
        found.set(key, [...(found.get(key) ?? []), `${kind} ${String(line['ruleId'])}`]);
      }
    }
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function plant(one: Case, index: number, rows: string[]): Promise<void> {
    const { element, kind, column, carrier, isDecoy } = one;
    const sample = planted[column][isDecoy ? 'decoy' : 'hit'][kind];
    if (sample === undefined) throw new Error(`${one.name}: expected a sample, got none`);
    const files = await carriersOf(element, kind)[carrier]?.(sample);
    const base = isLive(one) ? join(folder, 'host/proc', String(index + 1)) : join(folder, 'cases', String(index));
    for (const [name, bytes] of Object.entries(files ?? {})) {
      if (name === 'net') {
        const [address = '', port = ''] = String(bytes).split(' ');
        rows.push(connectionRow(address, Number(port), index + 1));
        await mkdir(join(base, 'fd'), { recursive: true });
        await symlink(`socket:[${index + 1}]`, join(base, 'fd/3'));
      } else if (name.startsWith('link:')) {
        await mkdir(base, { recursive: true });
        await symlink(String(bytes), join(base, name.slice(5)));
      } else await write(join(base, name), bytes);
    }
  }

  test('there is a case for each kind in each element', () => {
    const missing = elementKinds.flatMap((element) =>
      elementRows[element].facts
        .filter((kind) => carriersOf(element, kind).length === 0)
        .map((kind) => `${element} ${kind}`),
    );
    expect(missing).toEqual([]);
    for (const column of allColumns)
      for (const kind of [...columns[column].compulsory, ...columns[column].freestyle]) {
        expect(planted[column].hit[kind], `${column} ${kind}`).toBeDefined();
        expect(planted[column].decoy[kind], `${column} ${kind}`).toBeDefined();
      }
    expect(cases.length).toBeGreaterThan(1000);
  });

  test('each is found where it was planted, and nothing else is', () => {
    const expected = new Map(
      cases.flatMap((one, index) =>
        one.isDecoy ? [] : [[index, [`${elementOfFinding(one)} ${planted[one.column].ruleId}`]] as const],
      ),
    );
    const wrong = cases.flatMap((one, index) => {
      const got = found.get(String(index)) ?? [];
      const wanted = expected.get(index) ?? [];
      return JSON.stringify(got) === JSON.stringify(wanted)
        ? []
        : [`${one.name} (${index}): ${got.join(', ') || 'nothing'}`];
    });
    expect(wrong).toEqual([]);
    expect([...found.keys()].filter((key) => !/^\d+$/.test(key))).toEqual([]);
  });

  test('every element was looked at, and nothing went wrong', () => {
    expect(Object.keys(summary.examined).sort()).toEqual([...elementKinds].sort());
    expect(summary.diagnostics).toEqual({});
  });
});

/** `cases/17/some.bin` and `process 18` are of case 17. */
function caseOf(file: string): string {
  const live = /process (\d+)$/.exec(file)?.[1];
  return live === undefined ? (/^cases\/(\d+)\//.exec(file)?.[1] ?? file) : String(Number(live) - 1);
}

function connectionRow(address: string, port: number, inode: number): string {
  const hex = Buffer.from(address.split('.').reverse().map(Number)).toString('hex').toUpperCase();
  const end = `${hex}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return `   0: 0500000A:C350 ${end} 01 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0`;
}

async function write(path: string, bytes: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
