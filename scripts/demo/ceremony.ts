import { type Place, yms } from './stage.js';

const at = ['--dir', 'ceremony'];
const online = 'server/public-keys.json';
const trio = (kind: string): string[] => [1, 2, 3].map((n) => `${kind}-${n}`);

/** Offline, with files on sticks (one folder here): six people make keys, two of the three root keys sign the root. */
export async function makeRoot(here: Place): Promise<void> {
  for (const kind of ['root', 'targets'])
    for (const name of trio(kind)) await yms(here, 'keys', 'new', name, '--kind', kind, '--no-passphrase', ...at);
  const publicKeys = (kind: string): string[] => trio(kind).map((name) => `ceremony/${name}.pub`);
  const people = ['--root-key', ...publicKeys('root'), '--targets-key', ...publicKeys('targets')];
  await yms(here, 'root', 'new', ...people, '--snapshot-key', online, '--timestamp-key', online, ...at);
  for (const name of ['root-1', 'root-3'])
    await yms(here, 'root', 'sign', 'ceremony/1.root.json', '--key', `ceremony/${name}.key`);
}

/** Two of the three targets keys give each feature to the release key that its pipeline has made. */
export async function delegate(here: Place, features: readonly string[]): Promise<void> {
  for (const name of features)
    await yms(here, 'targets', 'delegate', name, '--key', `workspace/secrets/${name}.pub`, ...at);
  await yms(here, 'targets', 'keys', '--license-key', online, '--distribution-key', online, ...at);
  for (const name of ['targets-1', 'targets-2'])
    await yms(here, 'targets', 'sign', 'ceremony/1.targets.json', '--key', `ceremony/${name}.key`);
}

/** An admin brings the signed files to the server: all of them become current, or none. */
export async function commitCeremony(admin: Place): Promise<void> {
  const signed = ['--root', 'ceremony/1.root.json', '--targets', 'ceremony/1.targets.json'];
  await yms(admin, 'admin', 'releases', 'commit', ...signed, '--blob', 'ceremony/keys.json');
}
