import { describe, expect, test } from 'vitest';
import { formatIocCsv, parseIocCsv } from '../../../rules/ioc/csv.js';
import type { Indicator } from '../../../rules/ioc/indicator.js';
import { parseMispEvents } from '../../../rules/ioc/misp.js';
import { parseStixBundle } from '../../../rules/ioc/stix.js';

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const ids = (indicators: readonly Indicator[]) => indicators.map(({ type, value }) => `${type}:${value}`);

describe('STIX', () => {
  const bundle = (...patterns: string[]) =>
    JSON.stringify(
      {
        type: 'bundle',
        id: 'bundle--1',
        objects: [
          { type: 'identity', id: 'identity--1', name: 'Example CERT' },
          ...patterns.map((pattern, at) => ({
            type: 'indicator',
            id: `indicator--${at}`,
            name: 'Case 22',
            created_by_ref: 'identity--1',
            pattern_type: 'stix',
            pattern,
            valid_from: '2026-01-01T00:00:00.000Z',
            valid_until: '2027-01-01T00:00:00Z',
            confidence: 80,
            external_references: [{ source_name: 'x', url: 'https://example.org/r' }],
            object_marking_refs: ['marking-definition--f88d31f6-486f-44da-b317-01333bde0b82'],
          })),
        ],
      },
      null,
      1,
    );
  const read = (...patterns: string[]) => parseStixBundle(bundle(...patterns), 'b.json') ?? expect.fail('no bundle');

  test('an indicator keeps its score, source, reference, times and marking', () => {
    expect(read("[domain-name:value = 'Evil.example']").indicators).toEqual([
      {
        type: 'domain',
        value: 'evil.example',
        score: 80,
        description: 'Case 22',
        reference: 'https://example.org/r',
        source: 'Example CERT',
        firstSeenAt: '2026-01-01T00:00:00Z',
        expiresAt: '2027-01-01T00:00:00Z',
        tlp: 'amber',
      },
    ]);
  });

  test.each([
    [`[file:hashes.MD5 = '${md5}']`, [`md5:${md5}`]],
    [
      `[file:hashes.'SHA-256' = '${sha256.toUpperCase()}' OR file:hashes.md5 = '${md5}']`,
      [`sha256:${sha256}`, `md5:${md5}`],
    ],
    [
      `[file:hashes.'SHA-256' = '${sha256}' AND file:hashes.MD5 = '${md5}' AND file:name = 'a.exe' AND file:size = 5]`,
      [`sha256:${sha256}`],
    ],
    ["[file:name = 'evil.exe']", ['filename:(?i)(?:^|[\\\\/])evil\\.exe$']],
    ["[file:name LIKE 'evil_%.exe']", ['filename:(?i)(?:^|[\\\\/])evil..*\\.exe$']],
    ["[file:name MATCHES '^evil[0-9]+$']", ['filename:^evil[0-9]+$']],
    [
      "[file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\\\Temp\\\\']",
      ['filename:(?i)C:\\\\Temp[\\\\/]a\\.exe$'],
    ],
    [
      "[ipv4-addr:value = '192.0.2.1'] OR [ipv4-addr:value = '198.51.100.0/24']",
      ['ip:192.0.2.1', 'cidr:198.51.100.0/24'],
    ],
    ["([ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')])", ['ip:192.0.2.1', 'ip:192.0.2.2']],
    ["[ipv4-addr:value ISSUBSET '192.0.2.0/24']", ['cidr:192.0.2.0/24']],
    [
      "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'evil.example']",
      ['domain:evil.example'],
    ],
    ["[domain-name:value LIKE '%.evil.example']", ['domain:evil.example']],
    ["[url:value = 'http://evil.example/a']", ['url:http://evil.example/a']],
    ["[email-addr:value = 'a@evil.example']", ['email:a@evil.example']],
    ["[mutex:name = 'Global\\\\\\\\Evil.1']", ['handle:Global\\^Evil\\.1$']],
    ["[win-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Evil']", ['registry-key:hklm\\software\\evil']],
    [
      "[windows-registry-key:key = 'HKCU\\\\Run' AND windows-registry-key:values[*].name = 'Evil']",
      ['registry-key:hkcu\\run\\evil'],
    ],
    ["[process:command_line LIKE '%--donate-level%']", ['keyword:--donate-level']],
    [
      "[(domain-name:value = 'a.example' OR domain-name:value = 'b.example') AND domain-name:value_ref.type = 'x']",
      ['domain:a.example', 'domain:b.example'],
    ],
  ])('%s', (pattern, expected) => {
    const { indicators, faults } = read(pattern);
    expect(faults).toEqual([]);
    expect(ids(indicators)).toEqual(expected);
  });

  test.each([
    ["[domain-name:value = 'a.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']", 'FOLLOWEDBY'],
    ["[domain-name:value = 'a.example'] AND [ipv4-addr:value = '192.0.2.1']", 'AND'],
    ["[domain-name:value = 'a.example'] REPEATS 5 TIMES", 'REPEATS'],
    ["[domain-name:value != 'a.example']", '!='],
    ["[domain-name:value NOT = 'a.example']", 'NOT ='],
    ["[ipv4-addr:value = '192.0.2.1' AND file:name = 'a']", 'AND'],
    ["[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port > 443]", 'AND'],
    ['[file:size > 5]', '>'],
    ["[user-account:user_id = 'x']", 'object'],
    ["[file:hashes.'SHA-512' = 'aa']", 'object'],
    ["[file:hashes.MD5 = 'aa']", 'hex digits'],
    ["[file:name MATCHES '(?=a)']", 'look-around'],
    ["[domain-name:value = 'a.example'", 'expected "]"'],
    ['[domain-name:value = ', 'the end'],
    ['', 'the end'],
    [`${'('.repeat(100)}[a:b = 'c']`, 'levels'],
    ["[domain-name:value = t'2026-01-01T00:00:00Z']", 'literal'],
  ])('refuses %s with its reason and place', (pattern, reason) => {
    const { indicators, faults } = read("[domain-name:value = 'good.example']", pattern);
    expect(ids(indicators)).toEqual(['domain:good.example']);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain(reason);
    const lines = bundle("[domain-name:value = 'good.example']", pattern).split('\n');
    const line = lines.findIndex((written) => written.includes('"id": "indicator--1"'));
    expect(faults[0]?.place).toEqual({
      file: 'b.json',
      line: line + 1,
      column: 1 + (lines[line] ?? '').indexOf('"indicator--1"'),
    });
  });

  test.each([
    ["[ipv4-addr:value = '192.0.2.1' AND network-traffic:dst_port = 443]", 'ip:192.0.2.1'],
    [
      "[network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_ref.value = '2001:db8::1' AND network-traffic:dst_port = 1 AND network-traffic:protocols[*] = 'tcp']",
      'ip:2001:db8::1',
    ],
    ["[domain-name:value = 'a.example' AND network-traffic:dst_port = 443]", 'domain:a.example'],
  ])('%s: the host, without its port, which is said', (pattern, id) => {
    const { indicators, faults } = read(pattern);
    expect(ids(indicators)).toEqual([id]);
    expect(faults).toMatchObject([{ code: 'port-dropped', severity: 'warning', place: { file: 'b.json' } }]);
  });

  const indicator = { type: 'indicator', id: 'indicator--1', pattern: "[domain-name:value = 'a.example']" };
  test.each([
    ['a TAXII envelope', { more: false, objects: [indicator] }],
    ['a list of objects', [{ type: 'identity', id: 'identity--1' }, indicator]],
    ['one object', indicator],
  ])('%s is read as a bundle is', (_, json) => {
    expect(ids(parseStixBundle(JSON.stringify(json), 'b.json')?.indicators ?? [])).toEqual(['domain:a.example']);
  });

  test('other documents are not mine, a broken bundle is', () => {
    expect(parseStixBundle('{"a": 1}', 'b.json')).toBeNull();
    expect(parseStixBundle('no json', 'b.json')).toBeNull();
    expect(parseStixBundle('{"type": "bundle", ', 'b.json')?.faults).toMatchObject([{ code: 'feed-shape' }]);
  });

  test('revoked indicators are passed over, benign ones are trusted, other languages are named', () => {
    const text = JSON.stringify({
      type: 'bundle',
      objects: [
        { type: 'indicator', id: 'indicator--a', revoked: true, pattern: "[domain-name:value = 'a.example']" },
        {
          type: 'indicator',
          id: 'indicator--b',
          indicator_types: ['benign'],
          pattern: "[domain-name:value = 'b.example']",
        },
        { type: 'indicator', id: 'indicator--c', pattern_type: 'yara', pattern: 'rule a {}' },
      ],
    });
    const read = parseStixBundle(text, 'b.json');
    expect(read?.indicators).toEqual([{ type: 'domain', value: 'b.example', score: 100, role: 'trusted' }]);
    expect(read?.faults).toMatchObject([{ code: 'kind-unsupported', severity: 'warning' }]);
  });
});

describe('MISP', () => {
  const attribute = (type: string, value: string, more = {}) => ({
    type,
    value,
    to_ids: true,
    uuid: `u-${value}`,
    ...more,
  });
  const event = (...attributes: object[]) => ({
    Event: {
      info: 'Case 22',
      date: '2026-03-01',
      Orgc: { name: 'Example CERT' },
      Tag: [{ name: 'tlp:green' }],
      Attribute: attributes,
    },
  });

  test('attributes and those of objects, with what the event says', () => {
    const text = JSON.stringify({
      response: [
        {
          Event: {
            ...event(
              attribute('domain', 'evil.example', { comment: 'C2' }),
              attribute('domain', 'quiet.example', { to_ids: false }),
            ).Event,
            Object: [
              {
                Attribute: [
                  attribute('sha256', sha256, { Tag: [{ name: 'tlp:red' }] }),
                  attribute('md5', md5, { deleted: true }),
                ],
              },
            ],
          },
        },
      ],
    });
    expect(parseMispEvents(text, 'm.json')).toEqual({
      faults: [],
      indicators: [
        {
          type: 'domain',
          value: 'evil.example',
          score: 100,
          description: 'Case 22: C2',
          source: 'Example CERT',
          firstSeenAt: '2026-03-01T00:00:00Z',
          tlp: 'green',
        },
        {
          type: 'sha256',
          value: sha256,
          score: 100,
          description: 'Case 22',
          source: 'Example CERT',
          firstSeenAt: '2026-03-01T00:00:00Z',
          tlp: 'red',
        },
      ],
    });
  });

  test.each([
    ['filename|md5', `a.exe|${md5}`, `md5:${md5}`],
    ['hostname', 'c2.evil.example', 'fqdn:c2.evil.example'],
    ['ip-dst', '192.0.2.0/24', 'cidr:192.0.2.0/24'],
    ['mutex', 'Evil', 'handle:Evil'],
    ['named pipe', '\\.\\evil', 'pipe:^\\\\\\.\\\\evil$'],
    ['filename', 'evil.exe', 'filename:(?i)(?:^|[\\\\/])evil\\.exe$'],
    ['pattern-in-file', 'EvilText', 'keyword:EvilText'],
  ])('%s', (type, value, id) => {
    const read = parseMispEvents(JSON.stringify(event(attribute(type, value))), 'm.json');
    expect(read?.faults).toEqual([]);
    expect(ids(read?.indicators ?? [])).toEqual([id]);
  });

  test('of a pair nothing is lost in silence', () => {
    const pairs = event(
      attribute('domain|ip', 'evil.example|192.0.2.1'),
      attribute('ip-dst|port', '192.0.2.2|443'),
      attribute('ip-src|port', '192.0.2.3|80'),
      attribute('ip-src|port', '192.0.2.4|80'),
      attribute('regkey|value', 'HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run|C:\\a.exe'),
    );
    const read = parseMispEvents(JSON.stringify(pairs), 'm.json');
    expect(ids(read?.indicators ?? [])).toEqual([
      'domain:evil.example',
      ...['ip:192.0.2.1', 'ip:192.0.2.2', 'ip:192.0.2.3', 'ip:192.0.2.4'],
    ]);
    expect(
      read?.faults.map(({ code, severity, message }) => [severity, code, /\((\d) times/.exec(message)?.[1]]),
    ).toEqual([
      ['error', 'indicator-refused', undefined],
      ['warning', 'port-dropped', '1'],
      ['warning', 'port-dropped', '2'],
    ]);
  });

  test('a search for attributes gives them without their events', () => {
    const found = attribute('domain', 'evil.example', { Event: { info: 'Case 22', Orgc: { name: 'CERT' } } });
    for (const json of [{ response: { Attribute: [found] } }, { Attribute: [found] }])
      expect(parseMispEvents(JSON.stringify(json), 'm.json')?.indicators).toMatchObject([
        { value: 'evil.example', description: 'Case 22', source: 'CERT' },
      ]);
  });

  test('broken values and unknown types are named and the others load', () => {
    const text = JSON.stringify(
      [
        event(
          attribute('md5', 'zz'),
          attribute('yara', 'r'),
          attribute('yara', 's'),
          attribute('constructor', 'x'),
          attribute('domain', 'evil.example'),
        ),
      ],
      null,
      1,
    );
    const read = parseMispEvents(text, 'm.json');
    expect(ids(read?.indicators ?? [])).toEqual(['domain:evil.example']);
    expect(read?.faults.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'error indicator-refused',
      'warning kind-unsupported',
      'warning kind-unsupported',
    ]);
    expect(read?.faults[2]?.message).toContain('yara (2 times)');
    expect(read?.faults[0]?.place.line).toBeGreaterThan(1);
    expect(parseMispEvents('{"a": 1}', 'm.json')).toBeNull();
    expect(parseMispEvents('{"Event": ', 'm.json')?.faults).toMatchObject([{ code: 'feed-shape' }]);
  });
});

describe('CSV', () => {
  test('what was written is read back', () => {
    const indicators: Indicator[] = [
      { type: 'keyword', value: ' a "b", c;', score: -5, description: 'two words', tlp: 'red' },
      { type: 'md5', value: md5, score: 100, role: 'trusted', source: 's', reference: 'https://example.org/r' },
      {
        type: 'filename',
        value: 'a\\.exe',
        score: 60,
        falsePositive: 'b,c',
        firstSeenAt: '2026-01-01T00:00:00Z',
        expiresAt: '2027-01-01T00:00:00Z',
      },
    ];
    expect(parseIocCsv(formatIocCsv(indicators), 'i.csv')).toEqual({ indicators, faults: [] });
  });

  test('header names in any case and spelling, semicolons, quotes over lines', () => {
    const read = parseIocCsv(
      'Indicator;Type;First seen;Comment\nevil.example;domain;2026-01-01;"one\ntwo"\nb.example;domain;;\n',
      'i.csv',
    );
    expect(read?.faults).toEqual([]);
    expect(read?.indicators).toEqual([
      {
        type: 'domain',
        value: 'evil.example',
        score: 100,
        description: 'one two',
        firstSeenAt: '2026-01-01T00:00:00Z',
      },
      { type: 'domain', value: 'b.example', score: 100 },
    ]);
  });

  test('faults have line and column, also after a cell of several lines', () => {
    const text =
      'type,value,score,colour\ndomain,"x\n",1,\ndomain,bad,1,\nmuteks,a,1,\ndomain,a.example,high,\ndomain,b.example\ndomain,c.example,1,\ndomain,c.example,1,\ndomain,"d.example"x,1,\ndomain,e.example,1,\ndomain,"f';
    const read = parseIocCsv(text, 'i.csv');
    expect(read?.faults.map(({ code, place }) => `${place.line}:${place.column} ${code}`)).toEqual([
      '1:18 column-unknown',
      '2:8 indicator-refused',
      '4:8 indicator-refused',
      '5:8 indicator-refused',
      '6:8 indicator-refused',
      '7:1 column-count',
      '9:8 duplicate',
      '10:19 csv-syntax',
      '12:8 csv-syntax',
    ]);
    expect(ids(read?.indicators ?? [])).toEqual(['domain:c.example', 'domain:e.example']);
  });

  describe('what MISP exports', () => {
    const header = 'uuid,event_id,category,type,value,comment,to_ids,date,attribute_tag';
    const rows = (...lines: string[]) => parseIocCsv([header, ...lines].join('\n'), 'm.csv') ?? expect.fail('not mine');

    test('is read as its JSON is: what is for detection, by MISP’s types', () => {
      const read = rows(
        'u1,7,Network activity,domain,evil.example,seen,1,20260301,"tlp:green,x"',
        'u2,7,Network activity,domain,victim.example,,0,20260301,',
        'u3,7,Network activity,ip-dst|port,192.0.2.1|443,,1,20260301,',
        'u4,7,Payload delivery,filename,setup.exe,,1,20260301,',
        'u5,7,Payload delivery,filename|md5,a.exe|zz,,1,,',
        'u6,7,Payload delivery,yara,rule,,1,,',
      );
      expect(ids(read.indicators)).toEqual([
        'domain:evil.example',
        'ip:192.0.2.1',
        'filename:(?i)(?:^|[\\\\/])setup\\.exe$',
      ]);
      expect(read.indicators[0]).toMatchObject({
        tlp: 'green',
        firstSeenAt: '2026-03-01T00:00:00Z',
        description: 'seen',
      });
      expect(read.faults.map(({ code, severity, place }) => `${place.line} ${severity} ${code}`)).toEqual([
        '6 error indicator-refused',
        '7 warning kind-unsupported',
        '7 warning port-dropped',
      ]);
    });

    test('without the column that says what is for detection it is refused', () => {
      const read = parseIocCsv('event_id,category,type,value\n7,x,domain,victim.example\n', 'm.csv');
      expect(read).toMatchObject({ indicators: [], faults: [{ code: 'column-missing', severity: 'error' }] });
    });
  });

  test.each([
    ['Excel’s first line', 'sep=;\ntype;value\ndomain;a.example\n'],
    ['tabs', 'type\tvalue\ndomain\ta.example\n'],
    ['bars', 'type|value\ndomain|a.example\n'],
    ['a comma in the name of a column', 'type;value;"note, long"\ndomain;a.example;x\n'],
    ['a header in a comment', '# a feed\n# "type","value"\n"domain","a.example"\n# end\n'],
    ['CR', 'type,value\rdomain,a.example\r'],
    ['a host with its port', 'ioc_type,ioc_value\ndomain:port,a.example:443\n'],
  ])('%s', (_, text) => {
    const read = parseIocCsv(text, 'i.csv');
    expect(ids(read?.indicators ?? [])).toEqual(['domain:a.example']);
    expect(read?.faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('a time without a zone is UTC, and said', () => {
    const read = parseIocCsv('type,value,first_seen\ndomain,a.example,2026-03-01 10:00:05\n', 'i.csv');
    expect(read?.indicators).toMatchObject([{ firstSeenAt: '2026-03-01T10:00:05Z' }]);
    expect(read?.faults).toMatchObject([{ code: 'zone-missing', severity: 'warning', place: { line: 2 } }]);
  });

  test('what one row trusts is trusted, whichever comes first; a table without rows is said', () => {
    for (const rows of [
      ['', 'trusted'],
      ['trusted', ''],
    ])
      expect(
        parseIocCsv(['type,value,role', ...rows.map((role) => `domain,a.example,${role}`)].join('\n'), 'i.csv'),
      ).toMatchObject({ indicators: [{ role: 'trusted' }], faults: [{ code: 'duplicate' }] });
    expect(parseIocCsv('type,value\n', 'i.csv')?.faults).toMatchObject([{ code: 'list-empty', severity: 'warning' }]);
  });

  test('a table without type and value is not mine', () => {
    expect(parseIocCsv('name,age\na,1\n', 'i.csv')).toBeNull();
  });
});
