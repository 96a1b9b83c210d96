/** The table in docs/elements.md is that of the code. `YMS_WRITE_DOCS=1` writes it. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { indicatorTypes } from '../../../rules/ioc/value.js';
import { poolMatches } from '../../../rules/pools/pool.js';
import {
  applicationOf,
  type Column,
  columns,
  elementKinds,
  elementRows,
} from '../../../scanner/findings/element-table.js';

const page = fileURLToPath(new URL('../../../docs/elements.md', import.meta.url));
const marks = { compulsory: 'C', freestyle: 'f', none: '·' } as const;
const allColumns = Object.keys(columns) as Column[];

function table(title: string, shown: readonly Column[], headings: readonly string[]): string {
  const rows = elementKinds.map((element) => [
    `**${element}**: ${elementRows[element].title}`,
    ...shown.map((column) => marks[applicationOf(element, column)]),
  ]);
  return [[title, ...headings], ['---', ...headings.map(() => ':-:')], ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

test('there is a column for every type of indicator and every match of a pool', () => {
  expect(allColumns).toEqual([...indicatorTypes, ...poolMatches.map((match) => `pool ${match}`)]);
});

test('docs/elements.md has the table of the code', async () => {
  const text = await readFile(page, 'utf8');
  const pools = allColumns.filter((column) => column.startsWith('pool '));
  const iocs = allColumns.filter((column) => !pools.includes(column));
  const body = `${table('indicators', iocs, iocs)}\n\n${table('mining pools', pools, pools.map((name) => name.slice(5)))}`; // prettier-ignore
  const wanted = text.replace(
    /<!-- table -->[^]*<!-- \/table -->/,
    () => `<!-- table -->\n\n${body}\n\n<!-- /table -->`,
  );
  if (process.env['YMS_WRITE_DOCS'] === '1') await writeFile(page, wanted);
  else expect(text).toBe(wanted);
});
