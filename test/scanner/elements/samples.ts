/** For each kind of indicator and pool: a rule, what fulfils it in each kind of fact, and what only looks like it. */
import { createHash } from 'node:crypto';
import { type Column, columns, type FactKind } from '../../../scanner/findings/element-table.js';
import { windowsProgram } from '../../support/pe.js';

export interface Sample {
  /** What stands in the fact. */
  readonly value: string;
  /** Of a hash: bytes that have it. */
  readonly content?: Buffer;
}

export interface Planted {
  readonly ruleId: string;
  /** The rule as a file of a custom folder has it. */
  readonly rule: { readonly file: string; readonly text: string };
  readonly hit: Partial<Record<FactKind, Sample>>;
  readonly decoy: Partial<Record<FactKind, Sample>>;
}

const digest = (type: string, content: Buffer): string => createHash(type).update(content).digest('hex');

function hashed(type: 'md5' | 'sha1' | 'sha256'): Planted {
  const content = Buffer.from(`planted for ${type}`);
  const other = Buffer.from(`planted for nothing like ${type}`);
  const value = digest(type, content);
  return {
    ruleId: `${type}:${value}`,
    rule: { file: `x-${type}.csv`, text: `type,value,score\n${type},${value},100\n` },
    hit: { hash: { value, content }, text: { value } },
    decoy: { hash: { value: digest(type, other), content: other }, text: { value: `${value}0` } },
  };
}

function imported(): Planted {
  const content = windowsProgram('evil.dll', ['Plant', 'Water']);
  const value = createHash('md5').update('evil.plant,evil.water').digest('hex');
  const other = windowsProgram('evil.dll', ['Water', 'Plant']);
  return {
    ruleId: `imphash:${value}`,
    rule: { file: 'x-imphash.csv', text: `type,value,score\nimphash,${value},100\n` },
    hit: { imphash: { value, content }, text: { value: value.toUpperCase() } },
    decoy: { imphash: { value: digest('md5', other), content: other }, text: { value: `0${value}` } },
  };
}

function host(type: string, value: string, hit: string, decoy: string): Planted {
  const id = type.startsWith('pool ') ? poolRule(type.slice(5), value) : csvRule(type, value);
  const bare = (name: string): Record<'host' | 'address' | 'text' | 'url', Sample> => ({
    host: { value: name },
    address: { value: name },
    text: { value: name },
    url: { value: `https://${name}/` },
  });
  return { ...id, hit: bare(hit), decoy: bare(decoy) };
}

function csvRule(type: string, value: string, id = `${type}:${value}`): Pick<Planted, 'ruleId' | 'rule'> {
  return { ruleId: id, rule: { file: `x-${type}.csv`, text: `type,value,score\n${type},"${value}",100\n` } };
}

function poolRule(match: string, value: string, kind = 'pool'): Pick<Planted, 'ruleId' | 'rule'> {
  const marked = { suffix: `.${value}`, port: `:${value}`, scheme: `${value}://` }[match] ?? value;
  const text = `pools:\n  - pool: Planted\n    kind: ${kind}\n    ${match}: '${value}'\n    score: 100\n    source: a test\n`;
  return { ruleId: `${kind}:${marked}`, rule: { file: `pool-${match}.yaml`, text } };
}

const words = (hit: string, decoy: string): Pick<Planted, 'hit' | 'decoy'> => ({
  hit: { text: { value: hit } },
  decoy: { text: { value: decoy } },
});

export const planted: Readonly<Record<Column, Planted>> = {
  md5: hashed('md5'),
  sha1: hashed('sha1'),
  sha256: hashed('sha256'),
  imphash: imported(),
  filename: {
    ...csvRule('filename', '[\\\\/]evil-name\\.bin$', 'filename:[\\\\/]evil-name\\.bin$'),
    hit: { path: { value: '/opt/evil-name.bin' }, text: { value: '/opt/evil-name.bin' } },
    decoy: { path: { value: '/opt/evil-name.bin.old' }, text: { value: '/opt/evil-name.bin.old' } },
  },
  domain: host('domain', 'evil.example', 'www.evil.example', 'notevil.example'),
  fqdn: host('fqdn', 'one.fqdn-evil.example', 'one.fqdn-evil.example', 'below.one.fqdn-evil.example'),
  ip: host('ip', '198.51.100.7', '198.51.100.7', '198.51.100.70'),
  cidr: host('cidr', '203.0.113.0/28', '203.0.113.9', '203.0.113.99'),
  url: {
    ...csvRule('url', 'http://url-evil.example/a/b.php'),
    hit: { url: { value: 'http://url-evil.example/a/b.php' }, text: { value: 'http://url-evil.example/a/b.php' } },
    decoy: { url: { value: 'http://url-evil.example/a/b.html' }, text: { value: 'http://url-evil.example/a/b.html' } },
  },
  email: {
    ...csvRule('email', 'mallory@mail-evil.example'),
    ...words('<mallory@mail-evil.example>', 'amallory@mail-evil.example'),
  },
  keyword: { ...csvRule('keyword', 'KeywordOfEvil'), ...words('say KeywordOfEvil!', 'say keywordOfEvil!') },
  pipe: {
    ...csvRule('pipe', 'evilpipe'),
    hit: { pipe: { value: '\\EvilPipe' }, text: { value: '\\\\.\\pipe\\evilpipe' } },
    decoy: { pipe: { value: '\\EvilPipes' }, text: { value: '\\\\.\\pipe\\evilpipes' } },
  },
  handle: {
    ...csvRule('handle', 'Global\\EvilMutex'),
    hit: { handle: { value: 'Global\\EvilMutex' }, text: { value: 'Global\\EvilMutex' } },
    decoy: { handle: { value: 'Global\\evilmutex' }, text: { value: 'Global\\evilmutex' } },
  },
  'registry-key': {
    ...csvRule('registry-key', 'HKLM\\Software\\EvilKey', 'registry-key:hklm\\software\\evilkey'),
    hit: {
      'registry-key': { value: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\EvilKey\\Below' },
      text: { value: 'HKLM\\SOFTWARE\\EvilKey' },
    },
    decoy: {
      'registry-key': { value: 'HKEY_LOCAL_MACHINE\\SOFTWARE\\EvilKeys' },
      text: { value: 'HKLM\\SOFTWARE\\EvilKeys' },
    },
  },
  'pool host': host('pool host', 'one.pool-evil.example', 'one.pool-evil.example', 'below.one.pool-evil.example'),
  'pool suffix': host('pool suffix', 'pool-suffix.example', 'eu.pool-suffix.example', 'eupool-suffix.example'),
  'pool pattern': host('pool pattern', 'minerevil.*', 'minerevil.some.example', 'someminerevil.example'),
  'pool address': host('pool address', '192.0.2.77', '192.0.2.77', '192.0.2.177'),
  'pool port': {
    ...poolRule('port', '48123', 'generic'),
    hit: { port: { value: '48123' } },
    decoy: { port: { value: '48124' } },
  },
  'pool scheme': {
    ...poolRule('scheme', 'evilstratum', 'generic'),
    ...words('evilstratum://here:1', 'evilstrata://here:1'),
  },
  'pool text': {
    ...poolRule('text', '--evil-donate', 'generic'),
    ...words('run --EVIL-donate=1', 'run --evil-don-ate'),
  },
};

/** The kinds of facts in which a column is looked for. */
export function factKindsOf(column: Column): readonly FactKind[] {
  return [...columns[column].compulsory, ...columns[column].freestyle];
}
