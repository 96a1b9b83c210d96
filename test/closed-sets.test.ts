/**
 * A closed set is written once; whatever must know its members is a `Record` of them, a switch or a schema that the type
 * holds, so that the compiler names each place when a member is added. Held by adding one, in memory alone, and reading
 * what the compiler says.
 */
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const house = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const config = parseConfig(join(house, 'tsconfig.json'));
const parsed = new Map<string, ts.SourceFile | undefined>();

function parseConfig(path: string): ts.ParsedCommandLine {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (): never => expect.unreachable(path) };
  return ts.getParsedCommandLineOfConfigFile(path, {}, host) ?? expect.unreachable(path);
}

interface Addition {
  /** Where the list stands, and its name. */
  readonly file: string;
  readonly list: string;
}

interface Compiled {
  /** Folders and files whose places are read; what they import is compiled along. */
  readonly rooms: readonly string[];
  /** Only files in which it is found are looked at: a whole compilation takes three times as long. */
  readonly mention: RegExp;
}

/** `file declaration` of each place that does not compile when each list has a member more. */
function placesOf(additions: readonly Addition[], { rooms, mention }: Compiled): string[] {
  const changed = new Map(additions.map(({ file, list }) => [join(house, file), withMember(file, list)]));
  const host = ts.createCompilerHost(config.options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (name, options) => {
    const text = changed.get(resolve(name));
    if (text !== undefined) return ts.createSourceFile(name, text, options);
    if (!parsed.has(name)) parsed.set(name, parse(name, options));
    return parsed.get(name);
  };
  const roots = config.fileNames.filter((name) => rooms.some((room) => relative(house, name).startsWith(room)));
  const program = ts.createProgram(roots, config.options, host);
  const places = roots
    .map((name) => program.getSourceFile(name))
    .filter((source) => source !== undefined && mention.test(source.text))
    .flatMap((source) => program.getSemanticDiagnostics(source))
    .map(({ file, start = 0 }) => (file ? `${relative(house, file.fileName)} ${declarationAt(file, start)}` : ''));
  return [...new Set(places)].sort();
}

function withMember(file: string, list: string): string {
  const text = ts.sys.readFile(join(house, file)) ?? '';
  const declared = `export const ${list} = [`;
  expect(text, file).toContain(declared);
  return text.replace(declared, `${declared}'novel', `);
}

/** `IndicatorMatcher.constructor`: the outermost declaration at the position, and the member if that is a class. */
function declarationAt(source: ts.SourceFile, position: number): string {
  const names: string[] = [];
  const descend = (node: ts.Node): void => {
    if (position < node.getStart(source) || position >= node.end) return;
    const isOutermost = ts.isDeclarationStatement(node) || ts.isVariableDeclaration(node);
    if (ts.isClassElement(node) || (isOutermost && names.length === 0))
      names.push((node.name ?? node.getFirstToken(source))?.getText(source) ?? '');
    ts.forEachChild(node, descend);
  };
  ts.forEachChild(source, descend);
  return names.join('.');
}

describe('a member that is added to a closed set does not compile where it must be known:', () => {
  test('a kind of rules', { timeout: 300_000 }, () => {
    const places = placesOf([{ file: 'base/rule-kind.ts', list: 'ruleKinds' }], {
      rooms: ['packs/', 'rules/', 'builder/', 'scanner/', 'cli/'],
      mention: /(?:Rule|Item|File)Kind\b|\.kind\b/,
    });
    expect(places).toEqual(
      expect.arrayContaining([
        'builder/compile/attribution.ts credited',
        'builder/compile/compile.ts emptyReasons',
        'builder/compile/compile.ts reasonOfRule',
        'builder/feeds/entry.ts entryMakers',
        'cli/commands/merge.ts countBySource',
        'cli/commands/merge.ts countedAs',
        'cli/commands/scan.ts kindFlags',
        'packs/archive.ts itemFiles',
        'packs/manifest.ts countItems',
        'packs/manifest.ts schema',
        'rules/item.ts takenIdSeverity',
        'scanner/active/decode.ts decodeItem',
        'scanner/findings/finding.ts creditsOf',
        'scanner/elements/element-rule.ts targets',
        'scanner/merge/level.ts levelOf',
        'scanner/merge/level.ts titleOf',
      ]),
    );
  });

  test('a type of indicators', { timeout: 300_000 }, () => {
    const places = placesOf([{ file: 'rules/ioc/value.ts', list: 'indicatorTypes' }], {
      rooms: ['rules/ioc/', 'builder/feeds/', 'scanner/findings/', 'scanner/elements/', 'test/scanner/elements/'],
      mention: /Indicator|Column/,
    });
    expect(places).toEqual(
      expect.arrayContaining([
        'builder/feeds/coverage.ts TrustedHosts.#trust',
        'builder/feeds/entry.ts indicatorKinds',
        'rules/ioc/matcher.ts IndicatorMatcher.constructor',
        'rules/ioc/misp-attribute.ts plainTypes',
        'rules/ioc/stix-bundle.ts patternOf',
        'rules/ioc/value.ts normaliseValue',
        'rules/ioc/warning-list.ts WarningList.#lintValue',
        'scanner/elements/judge.ts actsOn',
        'scanner/elements/judge.ts isInFields',
        'scanner/findings/element-table.ts columns',
        'test/scanner/elements/samples.ts planted',
      ]),
    );
  });

  test('a format of feeds', { timeout: 300_000 }, () => {
    const places = placesOf([{ file: 'packs/feed.ts', list: 'feedFormatNames' }], {
      rooms: ['packs/feed.ts', 'builder/feeds/feed.ts'],
      mention: /FeedFormatName/,
    });
    expect(places).toEqual(['builder/feeds/feed.ts formats', 'packs/feed.ts mediaTypes']);
  });

  test('a role and a scope of the server', { timeout: 300_000 }, () => {
    const roles = { file: 'server/actor/roles.ts', list: 'roles' };
    const scopes = { file: 'server/actor/scope.ts', list: 'scopes' };
    const places = placesOf([roles, scopes], { rooms: ['server/actor/', 'server/console/people.ts'], mention: /Role/ });
    expect(places).toEqual([
      'server/actor/roles.ts rolePermissions',
      'server/actor/roles.ts scopeRoles',
      'server/console/people.ts roleMeaning',
    ]);
  });
});
