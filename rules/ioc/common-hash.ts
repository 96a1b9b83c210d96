import { createHash } from 'node:crypto';

/** Contents that people try tools with, and that stand in many files: their hashes are in many lists by mistake. */
const contents: readonly (readonly [content: string, name: string])[] = [
  ['', 'the empty file'],
  ['\n', 'one line feed'],
  ['\r\n', 'one line end'],
  [' ', 'one space'],
  ['\0', 'one NUL byte'],
  ...['test', 'hello', 'hello world', 'Hello World', 'foo', 'bar', 'abc', 'a', '0', '1', 'null', 'true', 'false', '{}', '[]', 'password', '123456'].flatMap(
    (word): [string, string][] => [[word, `the text "${word}"`], [`${word}\n`, `the text "${word}" with a line feed`]],
  ),
]; // prettier-ignore

/** Import hashes that say which tool made a program, and nothing about the program. */
// prettier-ignore
const imports: readonly (readonly [imphash: string, severity: 'error' | 'warning', name: string])[] = [
  ['f34d5f2d4577ed6d9ceec516c1f5a744', 'error', 'the imports of every .NET program'],
  ['dae02f32a21e03ce65412f6e56942daa', 'error', 'the imports of every .NET library'],
  ['c7269d59926fa4252270f407e4dab043', 'warning', 'the imports of programs in Go'],
  ['6ed4f5f04d62b18d96b26d6db7c18840', 'warning', 'the imports of programs in Go'],
  ['f0ea7b7844bbc5bfa9bb32efdcea957c', 'warning', 'the imports of programs in Go'],
  ['afcdf79be1557326c854b6e20cb900a7', 'warning', 'the imports of programs in AutoIt'],
  ['b34f154ec913d2d2c435cbd644e91687', 'warning', 'the imports of installers made with NSIS'],
  ['099c0646ea7282d232219f8807883be0', 'warning', 'the imports of installers made with NSIS'],
  ['884310b1928934402ea6fec1dbd3cf5e', 'warning', 'the imports of installers made with Inno Setup'],
  ['20dd26497880c05caed9305b3c8b9109', 'warning', 'the imports of installers made with Inno Setup'],
];

export interface CommonHash {
  readonly severity: 'error' | 'warning';
  readonly name: string;
}

const known = new Map<string, CommonHash>();

/** What else has the hash (lower case): a common content, the imports of a kind of program, or no bytes at all. */
export function commonHash(hash: string): CommonHash | null {
  if (/^(?:0+|f+)$/.test(hash)) return { severity: 'error', name: 'a program without imports, or nothing' }; // as Sysmon writes it
  if (known.size === 0) {
    for (const [content, name] of contents)
      for (const algorithm of ['md5', 'sha1', 'sha256'])
        known.set(createHash(algorithm).update(content, 'latin1').digest('hex'), { severity: 'error', name });
    for (const [imphash, severity, name] of imports) known.set(imphash, { severity, name });
  }
  return known.get(hash) ?? null;
}
