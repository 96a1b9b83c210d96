import { describe, expect, test } from 'vitest';
import { IndicatorMatcher } from '../../../rules/ioc/matcher.js';
import { parseIocFile, maxFaults } from '../../../rules/ioc/text-list.js';

const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const sha1 = 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709';
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function read(file: string, ...lines: string[]) {
  const list = parseIocFile(lines.join('\n'), file);
  if (list === null) return expect.fail(`${file}: no tag found`);
  return list;
}

const shown = (file: string, ...lines: string[]) =>
  read(file, ...lines).faults.map(({ code, place, severity }) => `${place.line}:${place.column} ${severity} ${code}`);

describe('the tag in the file name', () => {
  test.each([
    ['mysource-c2-iocs.txt', 'evil.example', 'domain'],
    ['mysource-domains.txt', 'evil.example', 'domain'],
    ['a.filename.txt', 'evil', 'filename'],
    ['x-filenames-iocs.txt', 'evil', 'filename'],
    ['hash-iocs.txt', md5, 'md5'],
    ['sub/folder/apt-hashes.txt', md5, 'md5'],
    ['KEYWORDS.TXT', 'evil', 'keyword'],
    ['my keyword.txt', 'evil', 'keyword'],
    ['my-pipe.txt', 'evil', 'pipe'],
    ['pipes.txt', 'evil', 'pipe'],
    ['x-handles.txt', 'evil', 'handle'],
  ])('%s', (file, line, type) => {
    expect(read(file, line).indicators).toMatchObject([{ type }]);
  });

  test.each(['trusted-hashes.txt', 'my-trusted-hash.txt', 'falsepositive-hashes.txt', 'x-falsepositive-hash-iocs.txt'])(
    '%s is an allow-list',
    (file) => {
      expect(read(file, md5).indicators).toMatchObject([{ type: 'md5', role: 'trusted' }]);
    },
  );

  test('trusted domains are an allow-list', () => {
    expect(read('my-trusted-domains.txt', 'good.example').indicators).toMatchObject([
      { type: 'domain', role: 'trusted' },
    ]);
  });

  test.each(['c2_iocs.txt', 'myc2iocs.txt', 'notes.txt', 'x-hashing.txt', 'c2/notes.txt'])('%s has none', (file) => {
    expect(parseIocFile('evil.example', file)).toBeNull();
  });

  test('two tags leave the file out', () => {
    const list = read('apt-c2-hash-iocs.txt', md5);
    expect(list.indicators).toEqual([]);
    expect(list.faults).toMatchObject([{ code: 'tag-ambiguous', severity: 'error' }]);
  });
});

describe('c2', () => {
  test('holds domains, addresses, networks and URLs, defanged or not', () => {
    const list = read(
      'c2-iocs.txt',
      'EVIL[.]example',
      'bücher.example;70',
      '*.wild.example',
      '192.0.2[.]1',
      '2001:DB8::0:1',
      '::ffff:198.51.100.7',
      '198.51.100.77/24',
      '203.0.113.5/32',
      'hxxps://Evil[.]example:443/a?b#c',
    );
    expect(list.faults).toEqual([]);
    expect(list.indicators.map(({ type, value, score }) => `${type} ${value} ${score}`)).toEqual([
      'domain evil.example 100',
      'domain xn--bcher-kva.example 70',
      'domain wild.example 100',
      'ip 192.0.2.1 100',
      'ip 2001:db8::1 100',
      'ip 198.51.100.7 100',
      'cidr 198.51.100.0/24 100',
      'ip 203.0.113.5 100',
      'url https://evil.example/a?b 100',
    ]);
  });

  test('a comment describes all that follow until the next', () => {
    const list = read(
      'c2.txt',
      'a.example',
      '# Case 1 https://example.org/r.',
      'b.example',
      'c.example',
      '#',
      'd.example',
    );
    expect(list.indicators).toEqual([
      { type: 'domain', value: 'a.example', score: 100 },
      {
        type: 'domain',
        value: 'b.example',
        score: 100,
        description: 'Case 1 https://example.org/r.',
        reference: 'https://example.org/r',
      },
      {
        type: 'domain',
        value: 'c.example',
        score: 100,
        description: 'Case 1 https://example.org/r.',
        reference: 'https://example.org/r',
      },
      { type: 'domain', value: 'd.example', score: 100 },
    ]);
  });

  test('every broken line has its fault and the others load', () => {
    const lines = [
      'good.example',
      'nodots',
      ' evil.example:8080',
      'ok.example;high',
      'ok.example;5000',
      'x.example;1;2',
      '256.1.1.1',
      '0.0.0.0/0',
      '01.2.3.4',
      'good.example',
    ];
    expect(shown('c2.txt', ...lines)).toEqual([
      '2:1 error value-invalid',
      '3:2 warning port-dropped',
      '4:12 error score-invalid',
      '5:12 error score-invalid',
      '6:13 error column-unexpected',
      '7:1 error value-invalid',
      '8:1 error value-invalid',
      '9:1 error value-invalid',
      '10:1 warning duplicate',
    ]);
    expect(read('c2.txt', ...lines).indicators).toHaveLength(2);
  });
});

test.each([
  ['evil.example # seen twice', ['domain evil.example']],
  ['192.0.2.1    # one of many', ['ip 192.0.2.1']],
  ['"evil.example",', ['domain evil.example']],
  ['||evil.example^', ['domain evil.example']],
  ['||evil.example^$third-party', ['domain evil.example']],
  ['0.0.0.0 evil.example b.example', ['domain evil.example', 'domain b.example']],
  ['127.0.0.1 localhost', []],
  ['192.0.2[.]1:443', ['ip 192.0.2.1']],
  ['[2001:db8::1]:443', ['ip 2001:db8::1']],
  ['[2001:db8::1]', ['ip 2001:db8::1']],
  ['evil[.]example:8080', ['domain evil.example']],
  ['evil.example/', ['domain evil.example']],
  ['evil.example/gate.php', ['url http://evil.example/gate.php', 'url https://evil.example/gate.php']],
  ['192.0.2.1:81/a', ['url http://192.0.2.1:81/a', 'url https://192.0.2.1:81/a']],
  ['https[:][//]evil[.]example[/]z', ['url https://evil.example/z']],
  ['fxp://evil.example/x', ['url ftp://evil.example/x']],
])('an entry as other lists have it: %s', (line, expected) => {
  const list = read('c2.txt', 'first.example', line);
  expect(list.indicators.slice(1).map(({ type, value }) => `${type} ${value}`)).toEqual(expected);
  expect(list.faults.every(({ severity }) => severity === 'warning')).toBe(true);
});

test('what stands behind # describes its own line alone', () => {
  const list = read('c2.txt', '# Case 1', 'a.example # seen in March', 'b.example');
  expect(list.indicators.map(({ description }) => description)).toEqual(['seen in March', 'Case 1']);
});

test('a port is dropped and an odd scheme kept, both said', () => {
  expect(shown('c2.txt', 'a.example:99', 'meow://b.example/y')).toEqual([
    '1:1 warning port-dropped',
    '2:1 warning scheme-unknown',
  ]);
});

describe('hashes', () => {
  test('as sha256sum writes them, in quotes, with a comment', () => {
    const list = read(
      'hash.txt',
      `${sha256}  a b.exe`,
      `"${md5}",`,
      `${sha1} *c.exe`,
      `${md5.replace('d', 'a')} # why;70`,
    );
    expect(list.faults).toEqual([]);
    expect(list.indicators.map(({ type, description }) => [type, description])).toEqual([
      ['sha256', 'a b.exe'],
      ['md5', undefined],
      ['sha1', 'c.exe'],
      ['md5', 'why'],
    ]);
  });

  test('every column form', () => {
    const list = read(
      'hash.txt',
      '# not a description',
      md5,
      `${sha1};a; b`,
      `${sha256};-20;why`,
      `${md5.replace('d', 'a')};55`,
      `${md5.replace('d', 'b')};;c`,
    );
    expect(list.faults).toEqual([]);
    expect(list.indicators).toEqual([
      { type: 'md5', value: md5, score: 100 },
      { type: 'sha1', value: sha1.toLowerCase(), score: 100, description: 'a;b' },
      { type: 'sha256', value: sha256, score: -20, description: 'why' },
      { type: 'md5', value: md5.replace('d', 'a'), score: 55 },
      { type: 'md5', value: md5.replace('d', 'b'), score: 100, description: ';c' },
    ]);
  });

  test('refuses other lengths and digits', () => {
    expect(shown('hash.txt', 'abc', `${sha256}00`, md5.replace('d', 'g'), `${sha1};1001;x`)).toEqual([
      '1:1 error value-invalid',
      '2:1 error value-invalid',
      '3:1 error value-invalid',
      '4:42 error score-invalid',
    ]);
  });
});

describe('file names', () => {
  test('score and false-positive regex belong to their own line', () => {
    const list = read(
      'filename-iocs.txt',
      '# Tool',
      '\\\\a\\.exe;60;\\\\good\\\\',
      '\\\\b\\.exe;-30',
      'PlainName',
      '/tmp/(?i)X[0-9]+;80',
    );
    expect(list.indicators).toEqual([
      { type: 'filename', value: '\\\\a\\.exe', score: 60, falsePositive: '\\\\good\\\\', description: 'Tool' },
      { type: 'filename', value: '\\\\b\\.exe', score: -30, description: 'Tool' },
      { type: 'filename', value: 'plainname', score: 100, description: 'Tool' },
      { type: 'filename', value: '(?i)/tmp/X[0-9]+', score: 80, description: 'Tool' },
    ]);
    expect(list.faults).toMatchObject([{ code: 'score-missing', severity: 'warning', place: { line: 4 } }]);
  });

  test('expressions that are not linear or not valid are named', () => {
    const list = read('filename-iocs.txt', 'a(?=b);60', '(x;60', 'fine\\.exe;60;[z', 'x*;60', '(a{900}){900};1');
    expect(list.indicators).toEqual([]);
    expect(list.faults.map(({ code, place }) => `${place.line}:${place.column} ${code}`)).toEqual([
      '1:1 value-invalid',
      '2:1 value-invalid',
      '3:14 false-positive-invalid',
      '4:1 value-invalid',
      '5:1 value-invalid',
    ]);
    expect(list.faults[0]?.message).toContain('look-around is not linear');
  });
});

describe('keywords, pipes and handles', () => {
  test('keywords keep their case, their spaces and their semicolons', () => {
    const list = read('keywords.txt', '# Tool output', 'Mimi;Katz', ' -enc ', 'ab');
    expect(list.indicators).toEqual([
      { type: 'keyword', value: 'Mimi;Katz', score: 100, description: 'Tool output' },
      { type: 'keyword', value: ' -enc ', score: 100, description: 'Tool output' },
    ]);
    expect(list.faults.map(({ code }) => code)).toEqual(['space-around', 'value-invalid']);
  });

  test('pipes in every column form', () => {
    const list = read(
      'pipes.txt',
      'EvilPipe',
      'msagent_[0-9a-f]{2};70',
      '\\\\.\\pipe\\other;note',
      'third;80;note; more',
    );
    expect(list.faults).toEqual([]);
    expect(list.indicators).toEqual([
      { type: 'pipe', value: 'evilpipe', score: 100 },
      { type: 'pipe', value: 'msagent_[0-9a-f]{2}', score: 70 },
      { type: 'pipe', value: 'other', score: 100, description: 'note' },
      { type: 'pipe', value: 'third', score: 80, description: 'note;more' },
    ]);
  });

  test('handles keep case and scope', () => {
    const list = read('handles.txt', 'Global\\\\EvilMutex;c', 'BaseNamedObjects\\Other', 'Plain', 'Re[gx]+');
    expect(list.indicators.map(({ value }) => value)).toEqual([
      'Global\\EvilMutex',
      'BaseNamedObjects\\Other',
      'Plain',
      'Re[gx]+',
    ]);
  });
});

describe('names that say too much or too little', () => {
  test.each([
    '.',
    '.+',
    '\\.',
    '[a-z]',
    '\\w',
    '^/',
    '\\\\',
    '\\.exe$',
    '(?i)^c:\\\\windows\\\\',
    '/usr/lib/',
    'windows',
    '\\.dll$',
    '^.{3,}$',
  ])('the file name %s is every host’s', (line) => {
    const { indicators, faults } = read('filename-iocs.txt', `${line};100`);
    expect(indicators).toEqual([]);
    expect(faults).toMatchObject([{ code: 'value-invalid', severity: 'error', place: { line: 1, column: 1 } }]);
    expect(faults[0]?.message).toContain('which hits');
  });
  test.each([
    '\\.dll$;-20',
    '\\.exe$;60;(?i)(?:windows|program files)',
    'svchost\\.exe$;30',
    '/tmp/x[0-9]+$;80',
    '\\.scr$;60',
  ])('the file name %s may stand', (line) => {
    expect(read('filename-iocs.txt', line).indicators).toHaveLength(1);
  });
  test('pipes and handles too', () => {
    expect(shown('pipes.txt', '.', '[a-z]+', 'lsass', 'agent_[0-9]+')).toEqual([
      '1:1 error value-invalid',
      '2:1 error value-invalid',
    ]);
    expect(shown('handles.txt', 'Global\\.+', 'Bad[0-9]')).toEqual(['1:1 error value-invalid']);
  });

  test.each([
    ['%TEMP%\\a.exe', 'C:\\Users\\x\\AppData\\Local\\Temp\\A.exe'],
    ['%temp%\\\\a[0-9]\\.exe', 'C:\\Windows\\Temp\\a1.exe'],
    ['%AppData%\\\\M\\\\a\\.dll', 'c:\\users\\x\\appdata\\roaming\\m\\a.dll'],
    ['%PROGRAMFILES(X86)%\\A\\b.exe', 'C:\\Program Files (x86)\\A\\b.exe'],
    ['%SystemDrive%\\Users\\%USERNAME%\\b.exe', 'D:\\Users\\anna\\b.exe'],
  ])('%s is looked for where Windows has it', (line, path) => {
    const { indicators, faults } = read('filename-iocs.txt', `${line};70`);
    expect(faults).toEqual([]);
    expect(new IndicatorMatcher(indicators).matchPath(path)).toHaveLength(1);
    expect(new IndicatorMatcher(indicators).matchPath(`${path.slice(0, -5)}xx.bin`)).toEqual([]);
  });
  test('another variable is refused', () => {
    const { indicators, faults } = read('filename-iocs.txt', '%ACMEHOME%\\a.exe;70');
    expect(indicators).toEqual([]);
    expect(faults[0]?.message).toContain('"%ACMEHOME%"');
  });
});

describe('hostile files', () => {
  test('CR alone ends a line; a list of nothing is said', () => {
    expect(read('c2.txt', '# case\ra.example\rb.example\r').indicators).toMatchObject([
      { value: 'a.example', description: 'case' },
      { value: 'b.example' },
    ]);
    expect(shown('c2.txt', '')).toEqual(['1:1 warning list-empty']);
    expect(shown('hash.txt', '# nothing yet')).toEqual(['1:1 warning list-empty']);
    expect(shown('trusted-hashes.txt', '# nothing yet')).toEqual([]);
  });

  test('a control character costs its line, which names it', () => {
    const lines = Array.from({ length: 20 }, (_, at) => `host${at}.example`);
    const list = read('c2.txt', ...lines, 'a\u0001b.example', 'c\0d.example', 'last.example');
    expect(list.indicators).toHaveLength(21);
    expect(
      list.faults.map(({ code, message, place }) => `${place.line}:${place.column} ${code} ${message.slice(-6)}`),
    ).toEqual(['21:2 control-character U+0001', '22:2 control-character U+0000']);
  });

  test('CRLF, a byte order mark and a missing last line end change nothing', () => {
    expect(parseIocFile('\uFEFFa.example\r\n\r\nb.example', 'c2.txt')).toEqual({
      indicators: [
        { type: 'domain', value: 'a.example', score: 100 },
        { type: 'domain', value: 'b.example', score: 100 },
      ],
      faults: [],
    });
  });

  test('binary data is refused as one fault', () => {
    expect(parseIocFile('a.example\n\0\u0001', 'c2.txt')).toMatchObject({
      indicators: [],
      faults: [{ code: 'file-binary' }],
    });
  });

  test('endless garbage is told by its first faults and a count', () => {
    const list = read('c2.txt', ...Array.from({ length: maxFaults + 50 }, (_, at) => `garbage ${at}`), 'good.example');
    expect(list.faults).toHaveLength(maxFaults + 1);
    expect(list.faults.at(-1)).toMatchObject({
      code: 'faults-left-out',
      message: 'file: expected at most 1000 faults, got 50 more',
    });
    expect(list.indicators).toHaveLength(1);
  });

  test('a comment cut between two halves of a character stays well-formed', () => {
    const [indicator] = read('c2.txt', `# ${'x'.repeat(496)}${'😀'.repeat(10)}`, 'a.example').indicators;
    expect(indicator?.description?.isWellFormed()).toBe(true);
  });
});
