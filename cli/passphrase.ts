import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError } from './error.js';

/** Where a pipeline puts the passphrase of its keys. */
export const passphraseVariable = 'YMS_PASSPHRASE';

/**
 * The passphrase of a key: from the environment, or typed without echo.
 *
 * @throws CliError `passphrase-unavailable` when neither is there
 */
export async function askPassphrase(subject: string): Promise<string> {
  const given = process.env[passphraseVariable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY)
    throw new CliError('passphrase-unavailable', `${subject}: expected a passphrase, got no terminal to ask on`, {
      hint: `set ${passphraseVariable}`,
    });
  return typeHidden(`yms: passphrase of ${subject}: `);
}

/**
 * A passphrase for a new key, typed twice on a terminal.
 *
 * @throws CliError `passphrase-unavailable`, `passphrase-mismatch`
 */
export async function askNewPassphrase(subject: string): Promise<string> {
  const first = await askPassphrase(subject);
  if (process.env[passphraseVariable] !== undefined) return first;
  if ((await typeHidden('yms: the same again: ')) !== first)
    throw new CliError('passphrase-mismatch', `${subject}: expected the same passphrase twice, got two`);
  return first;
}

async function typeHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
