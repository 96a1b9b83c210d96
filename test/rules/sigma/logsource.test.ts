import { describe, expect, test } from 'vitest';
import { parseLogSources, resolveLogSource } from '../../../rules/sigma/logsource.js';
import { builtInLogSources } from '../../../rules/sigma/logsources.js';
import { expectCode } from '../../support/expect-code.js';

const table = `title: ignored
logsources:
    created:
        category: process_creation
        product: windows
        conditions:
            EventID: [1, 2]
        rewrite:
            product: windows
            service: sysmon
    created_again:
        category: process_creation
        product: windows
        conditions: {EventID: 4688}
        rewrite: {product: windows, service: security}
        fieldmappings: {Image: NewProcessName}
    sysmon: {product: windows, service: sysmon, sources: 'WinEventLog:Sysmon'}
    security: {product: windows, service: security, sources: ['WinEventLog:Security', 'WinEventLog:Forwarded*']}
    apache: {category: webserver, sources: ['File:/var/log/apache/*.log']}
    loop: {service: loop, rewrite: {service: loop}}
    rest: {sources: 'Log:*'}
`;

const resolve = (source: Parameters<typeof resolveLogSource>[0]) =>
  resolveLogSource(source, parseLogSources(table, 'table.yml')).map(({ sources, conditions, fieldNames }) => ({
    sources: sources.map(({ kind, pattern }) => `${kind} ${pattern.map(String).join('')}`),
    conditions,
    names: Object.fromEntries(fieldNames),
  }));

describe('a table', () => {
  test('gives every way to the events', () => {
    expect(resolve({ product: 'windows', category: 'process_creation' })).toEqual([
      { sources: ['channel Sysmon'], conditions: [{ field: 'EventID', values: [1, 2] }], names: {} },
      {
        sources: ['channel Security', 'channel ForwardedSymbol(*)'],
        conditions: [{ field: 'EventID', values: [4688] }],
        names: { Image: 'NewProcessName' },
      },
    ]);
  });

  test('takes what an entry names, in any case, and the rest only where no other entry does', () => {
    expect(resolve({ category: 'WebServer', product: 'apache' })).toMatchObject([
      { sources: ['file /var/log/apache/Symbol(*).log'] },
    ]);
    expect(resolve({ product: 'other' })).toMatchObject([{ sources: ['file Symbol(*)'] }]);
    expect(resolve({ service: 'loop' })).toEqual([]);
  });

  test('a rule that names less is for every source that has what it names', () => {
    const ways = resolve({ category: 'process_creation' });
    expect(ways.map(({ sources }) => sources[0])).toEqual(['channel Sysmon', 'channel Security', 'file Symbol(*)']);
    expect(resolve({ category: 'process_creation', product: 'linux' })).toHaveLength(1);
  });

  test.each<[string, number, number]>([
    ['- a\n', 1, 1],
    ['logsources: x\n', 1, 1],
    ['logsources:\n  a: x\n', 2, 6],
    ['logsources:\n  a: {index: x}\n', 2, 7],
    ['logsources:\n  a: {sources: [x]}\n', 2, 17],
    ['logsources:\n  a: {conditions: x}\n', 2, 19],
    ['logsources:\n  a: {conditions: {EventID: [null]}}\n', 2, 30],
    ['logsources:\n  a: {rewrite: {index: x}}\n', 2, 16],
    ['logsources:\n  a: {product: [x]}\n', 2, 16],
    ['logsources: {a: 1, a: 2}\n', 1, 20],
  ])('%j is refused at %i:%i', async (text, line, column) => {
    const error = await expectCode('logsource-table', () => parseLogSources(text, 'table.yml'));
    expect(error.place).toEqual({ file: 'table.yml', line, column });
  });
});

describe('the built-in table', () => {
  test.each([
    ['process_creation', 2],
    ['registry_add', 2],
    ['registry_event', 2],
    ['network_connection', 2],
    ['wmi_event', 2],
    ['registry_delete', 1],
    ['ps_script', 1],
    ['file_access', 0],
  ])('windows %s: %i ways', (category, ways) => {
    expect(resolveLogSource({ product: 'windows', category }, builtInLogSources)).toHaveLength(ways);
  });

  test('sources without channels have no way but by what readers tell', () => {
    for (const source of [{ product: 'aws' }, { category: 'proxy' }, { product: 'linux', service: 'auth' }])
      expect(resolveLogSource(source, builtInLogSources)).toEqual([]);
  });
});
