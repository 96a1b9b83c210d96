/** Lists as THOR and LOKI have them, and hostile input, through the command line. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../builder/rules.js';
import { spawnYms } from '../builder/run-yms.js';
import { encodeZip } from '../support/zip.js';
import { ymsProgram } from '../support/program.js';

interface Found {
  readonly file: string;
  readonly ruleId: string;
  readonly level: string;
  readonly title: string;
  readonly element: { readonly score: number };
}

interface Summary {
  readonly failures: readonly { readonly path: string; readonly code: string }[];
  readonly elements: {
    readonly diagnostics: Record<string, number>;
    readonly named: readonly { code: string; path: string }[];
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yms-scan-ioc-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function scan(...args: string[]): Promise<{ found: Found[]; summary: Summary; code: number; stderr: string }> {
  const { stdout, stderr, code } = await spawnYms(folder, ['scan', '--json', ...args]);
  const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Found & { type: string }); // prettier-ignore
  const summary = lines.pop() as unknown as Summary;
  return { found: lines, summary, code, stderr };
}

const digest = (type: string, text: string): string => createHash(type).update(text).digest('hex');

describe('lists of THOR and LOKI', () => {
  const lists: Readonly<Record<string, string>> = {
    'my-c2-iocs.txt': '# A campaign, see https://report.example/1\nplain-c2.example\nscored.example;65\n192.0.2.9;50\n198.51.100.0/30\nhxxp://url[.]example/gate\n',
    'team-domains.txt': '*.star.example;60\n',
    'c2-iocs.txt': '# LOKI\nloki-c2.example\n',
    'a-filename-iocs.txt': '# Tools\n[\\\\/]tool1\\.exe;70\nplainname;45\n[\\\\/]tool2\\.exe;80;[\\\\/]allowed[\\\\/]\nTOOL3(?i)\\.exe;60\n[\\\\/]tool1\\.exe\\.good$;-60\n',
    'x-filenames.txt': 'only-name\n',
    'b-hash-iocs.txt': `${digest('md5', 'one').toUpperCase()};A comment\n${digest('sha1', 'two')};55;Comment; with more\n${digest('sha256', 'three')}\n`,
    'c-hashes.txt': `${digest('md5', 'four')}\n`,
    'd-trusted-hashes.txt': `${digest('sha256', 'plainname trusted')};known\n`,
    'falsepositive-hashes.txt': `${digest('sha1', 'plainname harmless')}\n`,
    'keywords.txt': '# Case matters\nSecretMark; with rest\n',
    'e-keyword-iocs.txt': 'OtherMark\n',
    'f-pipes.txt': 'plainpipe;70;comment\nrx[0-9]+pipe\n',
    'g-handles.txt': 'Global\\\\BadMutex;comment\nBadEvent[0-9]\n',
    'h-trusted-domains.txt': 'fine.plain-c2.example\n',
  }; // prettier-ignore
  const files: Readonly<Record<string, string>> = {
    'c2/1.log': 'to plain-c2.example\n',
    'c2/2.log': 'to x.scored.example\n',
    'c2/3.log': 'to 192.0.2.9:443\n',
    'c2/4.log': 'to 198.51.100.2\n',
    'c2/5.log': 'GET http://url.example/gate\n',
    'c2/6.log': 'to a.star.example\n',
    'c2/7.log': 'to loki-c2.example\n',
    'c2/no1.log': 'to fine.plain-c2.example, notplain-c2.example, 198.51.100.4, 192.0.2.90, xloki-c2.example\n',
    'names/tool1.exe': 'x',
    'names/tool1.exe.good': 'x',
    'names/a-PlainName.txt': 'x',
    'names/Tool2.exe': 'x',
    'names/tool2.exe': 'x',
    'names/allowed/tool2.exe': 'x',
    'names/tool3.EXE': 'x',
    'names/only-name': 'x',
    'names/plainname.trusted': 'plainname trusted',
    'names/plainname.harmless': 'plainname harmless',
    'hashes/1': 'one',
    'hashes/2': 'two',
    'hashes/3': 'three',
    'hashes/4': 'four',
    'hashes/5': 'five',
    'words/1.log': 'x SecretMark; with rest y\n',
    'words/2.log': 'x secretmark; with rest, SecretMark; without\n',
    'words/3.log': 'OtherMark\n',
    'pipes/1.log': 'opened \\\\.\\pipe\\PlainPipe\n',
    'pipes/2.log': 'opened \\Device\\NamedPipe\\x, \\pipe\\a-rx17pipe-b\n',
    'pipes/3.log': 'opened \\\\.\\pipe\\plainpipes\n',
    'handles/1.log': 'mutex Global\\BadMutex\n',
    'handles/2.log': 'event BaseNamedObjects\\MyBadEvent7x\n',
    'handles/3.log': 'mutex Local\\BadMutex, Global\\badmutex\n',
  };

  test('every tag and every form of a line', async () => {
    await writeFiles(join(folder, 'lists'), lists);
    await writeFiles(join(folder, 'thor'), files);
    const { found, code, stderr } = await scan('--ioc', '--rules', 'lists', 'thor');
    expect(code).toBe(3);
    expect(found.map(({ file, level, element }) => `${file} ${element.score} ${level}`)).toEqual([
      'thor/c2/1.log 100 critical',
      'thor/c2/2.log 65 high',
      'thor/c2/3.log 50 medium',
      'thor/c2/4.log 100 critical',
      'thor/c2/5.log 100 critical',
      'thor/c2/6.log 60 high',
      'thor/c2/7.log 100 critical',
      'thor/handles/1.log 100 critical',
      'thor/handles/2.log 100 critical',
      'thor/hashes/1 100 critical',
      'thor/hashes/2 55 medium',
      'thor/hashes/3 100 critical',
      'thor/hashes/4 100 critical',
      'thor/names/a-PlainName.txt 45 medium',
      'thor/names/only-name 100 critical',
      'thor/names/tool1.exe 70 high',
      'thor/names/tool2.exe 80 high',
      'thor/names/tool3.EXE 60 high',
      'thor/pipes/1.log 70 high',
      'thor/pipes/2.log 100 critical',
      'thor/words/1.log 100 critical',
      'thor/words/3.log 100 critical',
    ]);
    expect(found[0]?.title).toBe('A campaign, see https://report.example/1');
    expect(stderr).toContain('x-filenames.txt:1:1: warning: score: expected REGEX;SCORE');
  }, 120_000);
});

describe('hostile input', () => {
  test('is counted and named, and everything else is looked at', async () => {
    const root = join(folder, 'hostile');
    await writeFiles(folder, {
      'rules/x-c2-iocs.txt': 'evil.example\n',
      'rules/y-filename-iocs.txt': '(x+x+)+y$;70\n(a{1,30}){1,30}b;50\n',
    });
    await mkdir(root, { recursive: true });
    const put = (name: string, bytes: Buffer | string): Promise<void> => writeFile(join(root, name), bytes);
    const zeros = Buffer.alloc(64 * 1024 * 1024);
    const tar = pack();
    tar.entry({ name: '/etc/evil' }, 'at evil.example');
    tar.entry({ name: '../../up', type: 'symlink', linkname: '/etc/passwd' });
    tar.entry({ name: 'dev', type: 'character-device' });
    tar.finalize();
    const parts: Buffer[] = [];
    for await (const part of tar) parts.push(part as Buffer);
    await put('escape.tar', Buffer.concat(parts));
    await put('bomb.zip', encodeZip(Array.from({ length: 4 }, (_, at) => ({ name: `${at}`, bytes: zeros }))));
    await put('liar.zip', encodeZip([{ name: 'liar', bytes: Buffer.from('evil.example'.repeat(9)), claimedBytes: 5 }]));
    await put('locked.zip', encodeZip([{ name: 'locked', bytes: Buffer.from('x'), flags: 1 }]));
    await put('strange.zip', encodeZip([{ name: 'strange', bytes: Buffer.from('x'), method: 99 }]));
    await put('cut.zip', encodeZip([{ name: 'a', bytes: Buffer.from('x') }]).subarray(0, 40));
    await put('cut.gz', gzipSync(Buffer.from('see evil.example '.repeat(99_999))).subarray(0, 2000));
    let nested: Buffer = Buffer.from('at evil.example');
    for (let level = 0; level < 12; level++) nested = encodeZip([{ name: `level${level}.zip`, bytes: nested }]);
    await put('nested.zip', nested);
    await put('broken.evtx', Buffer.concat([Buffer.from('ElfFile\0', 'latin1'), Buffer.alloc(70_000, 0x41)]));
    await put('long.log', `${'x'.repeat(3_000_000)} at evil.example ${'x'.repeat(3_000_000)}y\n`);
    await put('xs.txt', 'x'.repeat(200_000));
    await put('secret.txt', 'evil.example');
    await put('after.txt', 'evil.example');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await symlink('.', join(root, 'loop'));
    await symlink('nowhere', join(root, 'broken'));
    await mkdir(join(root, 'deep'));
    await symlink('..', join(root, 'deep/up'));
    if (process.getuid?.() !== 0) await chmod(join(root, 'secret.txt'), 0);

    const started = performance.now();
    const { found, summary, code } = await scan('--ioc', '--rules', 'rules', '--min-level', 'critical', 'hostile');
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(code).toBe(3);
    const files = found.map(({ file }) => file);
    expect(files).toContain('hostile/after.txt');
    expect(files).toContain('hostile/escape.tar!/etc/evil');
    expect(files).toContain('hostile/cut.gz!cut');
    expect(files).toContain('hostile/long.log');
    expect(summary.elements.diagnostics).toMatchObject({
      'archive-too-large': 1,
      'archive-damaged': 3,
      'archive-depth': 1,
      'archive-encrypted': 1,
      'archive-method': 1,
      'archive-path': 2,
      'file-special': 1,
    });
    const named = summary.elements.named.map((trouble) => `${trouble.code} ${trouble.path}`);
    expect(named).toContain('archive-too-large hostile/bomb.zip');
    expect(named).toContain('archive-damaged hostile/liar.zip!liar');
    expect(named).toContain('archive-damaged hostile/cut.zip');
    expect(named).toContain('file-special hostile/pipe');
  }, 120_000);
});

describe('kinds and paths', () => {
  const rule = { 'some/x-c2-iocs.txt': 'evil.example;50\n', 'none/readme.md': 'nothing' };
  test('without a kind, all that the rules have; only what was asked for otherwise', async () => {
    await writeFiles(folder, { ...rule, 'logs/a.log': 'to evil.example\n' });
    expect((await scan('--rules', 'some', 'logs')).found).toHaveLength(1);
    expect((await scan('--ioc', '--rules', 'some', 'logs')).code).toBe(3);
    const pools = await spawnYms(folder, ['scan', '--pools', '--rules', 'some', 'logs']);
    expect(pools.code).toBe(1);
    expect(pools.stderr).toContain('rules: expected some of the kind pool, got none (rules-none)');
    expect((await scan('--rules', 'some', '--min-level', 'high', 'logs')).code).toBe(0);
    const nothing = await spawnYms(folder, ['scan', '--rules', 'none']);
    expect(nothing.code).toBe(1);
    const lacking = await scan('--ioc', '--pools', '--rules', 'some', '--min-level', 'high', 'logs');
    expect(lacking.code).toBe(4);
    expect(lacking.stderr).toContain('rules: expected some of the kind pool, got none (rules-none)');
  }, 120_000);

  test('without a path, the host itself', async () => {
    await writeFiles(join(folder, 'host'), {
      'etc/hosts': '10.0.0.1 evil.example\n',
      'home/u/.bash_history': 'ping evil.example\n',
    });
    const { found } = await scan('--rules', 'some', '--host-root', 'host');
    expect(found.map(({ file }) => file)).toEqual(['host/etc/hosts', 'host/home/u/.bash_history']);
  });

  test('a missing path is named, and the others are looked at', async () => {
    const { found, summary, code } = await scan('--rules', 'some', 'nowhere', 'logs');
    expect(found).toHaveLength(1);
    expect(code).toBe(3);
    expect(summary.failures.map(({ path, code: fault }) => `${fault} ${path}`)).toEqual(['file-missing nowhere']);
  });
});

describe('the standard input', () => {
  /** Written piece by piece; `end: false` leaves the pipe open. */
  function pipe(pieces: readonly (string | Buffer)[], args: readonly string[]) {
    const child = spawn(process.execPath, [ymsProgram, 'scan', '--json', ...args], { cwd: folder });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stdin.on('error', () => undefined);
    for (const piece of pieces) child.stdin.write(piece);
    const ended = new Promise<{ code: number | null; found: (Found & { element?: unknown })[]; summary: Summary }>(
      (resolve) =>
        child.on('close', (code) => {
          const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Found); // prettier-ignore
          const summary = lines.pop() as unknown as Summary;
          resolve({ code, found: lines, summary });
        }),
    );
    return { child, ended };
  }
  const events = '{"EventID":1,"Channel":"Security","CommandLine":"run bad.exe"}\n';
  const both = {
    'stdin/x-c2-iocs.txt': 'evil.example;50\n',
    'stdin/r.yml':
      'title: R\nid: 5b1f6a42-7d1c-4c58-9d57-3f0f6ad1a001\nlevel: high\nlogsource: { product: windows, service: security }\n' +
      'detection: { selection: { CommandLine|contains: bad.exe }, condition: selection }\n',
  };

  beforeAll(() => writeFiles(folder, both));

  test('is searched for indicators line by line', async () => {
    const { child, ended } = pipe(['first line\nto evil.', 'example\nlast line\n'], ['--ioc', '--rules', 'stdin', '-']);
    child.stdin.end();
    const { code, found } = await ended;
    expect(code).toBe(3);
    expect(found).toMatchObject([{ file: '-', ruleId: 'domain:evil.example', element: { kind: 'text-log', line: 2 } }]);
  });

  test('is unpacked where it is an archive', async () => {
    const { child, ended } = pipe([gzipSync('to evil.example\n')], ['--ioc', '--rules', 'stdin', '-']);
    child.stdin.end();
    expect((await ended).found).toMatchObject([{ file: expect.stringMatching(/^-!/) as string }]);
  });

  test('is looked at by Sigma rules and for indicators where both apply, whatever it is', async () => {
    const log = pipe([events, '{"EventID":1,"Channel":"Security","CommandLine":"ping evil.example"}\n'], ['--rules', 'stdin', '-']);
    log.child.stdin.end();
    const text = pipe(['nothing\n'.repeat(100_000), 'to evil.example\n'], ['--rules', 'stdin', '-', 'stdin/r.yml']);
    text.child.stdin.end();
    expect((await log.ended).found.map(({ file, ruleId }) => `${file} ${ruleId}`)).toEqual([
      '- 5b1f6a42-7d1c-4c58-9d57-3f0f6ad1a001',
      '- domain:evil.example',
    ]);
    expect((await text.ended).found).toMatchObject([{ file: '-', element: { line: 100_001 } }]);
  }, 60_000); // prettier-ignore

  test('Ctrl-C ends it while nothing comes', async () => {
    const { child, ended } = pipe(['at evil.example\n'.repeat(20_000)], ['--ioc', '--rules', 'stdin', '-']);
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    child.kill('SIGINT');
    const { code, found, summary } = await ended;
    expect(code).toBe(3);
    expect(found.length).toBeGreaterThan(0);
    expect(summary).toMatchObject({ isInterrupted: true });
  }, 60_000);
});
