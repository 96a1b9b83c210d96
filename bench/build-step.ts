/** One contender of the build's bench, in a process of its own: `node build-step.js parse|compile|build FOLDER`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [step, folder = '.'] = process.argv.slice(2);

/** What a builder cannot do without, and nothing else of ours is loaded for it. */
async function parseAlone(): Promise<void> {
  const { parse } = await import('yaml');
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.yml')) parse(readFileSync(join(folder, file), 'utf8'));
}

async function build(isSealed: boolean): Promise<void> {
  const { loadConfig, selectPacks } = await import('../builder/config/config.js');
  const { compileRelease, sealRelease } = await import('../builder/release/build.js');
  const { newSealingKey } = await import('../keys/sealing.js');
  const { newSigningKey, signerOf } = await import('../keys/signing.js');
  const config = await loadConfig(join(folder, 'yms.yaml'));
  const [pack] = selectPacks(config, ['core']);
  if (!pack) throw new Error('yms.yaml: expected one pack, got none');
  const { compiled, tests } = await compileRelease(config, pack);
  if (!isSealed) return;
  const sealed = await sealRelease(compiled, {
    release: { version: '2026.01.01.1', sequence: 1 },
    createdAt: new Date(0),
    signers: [signerOf(newSigningKey())],
    recipients: [newSealingKey().publicKey],
    tests,
  });
  console.log(sealed.bytes.length);
}

await (step === 'parse' ? parseAlone() : build(step === 'build'));
