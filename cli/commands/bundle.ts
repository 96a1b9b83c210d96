import { shown } from '../../base/shown.js';
import { resolve } from 'node:path';
import { type Command } from 'commander';
import { decodeBase64 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { request } from '../../base/http.js';
import { productVersion } from '../../base/version.js';
import { httpSource } from '../../scanner/follow/fetcher.js';
import { defaultHomePath, openHome } from '../../scanner/state/home.js';
import { exportBundle, type ExportReport, type IssuedDocument } from '../../scanner/offline/export-bundle.js';
import { importBundle } from '../../scanner/offline/import-bundle.js';
import type { TrustedTarget } from '../../scanner/follow/trusted-metadata.js';
import { CliError } from '../error.js';
import { firstTrustOf, type FirstTrustOptions, withFirstTrust } from '../first-trust-option.js';
import { collect } from '../option.js';
import { exitCodes, print, printable, printJson, table, warn } from '../output.js';
import { startProgress } from '../progress.js';
import {
  type AdminAccess,
  adminAccess,
  adminCommand,
  AdminError,
  type AdminOptions,
  callServer,
  listAll,
  segment,
  wholeNumberOption,
} from './admin-client.js';
import { printReport } from './update-report.js';

interface ExportOptions extends AdminOptions, FirstTrustOptions {
  readonly host: readonly string[];
  readonly license?: string;
  readonly group?: string;
  readonly days?: number;
  readonly out: string;
}

interface ImportOptions extends FirstTrustOptions {
  readonly home: string;
  readonly json?: true;
}

const examples = `
Examples:
  yms bundle export --license lic-… --out /media/stick/update.bundle   where there is a network
  yms bundle import /media/stick/update.bundle                         on each host of the license`;

export function registerBundle(program: Command): void {
  const bundle = program
    .command('bundle')
    .description('carry updates to hosts without a network: one file with metadata, packs and license documents')
    .addHelpText('after', examples);
  const exporting = adminCommand(bundle, 'export', 'write a bundle for some hosts, with a token that may manage them')
    .option('--host <id>', 'for this host; may come several times', collect, [])
    .option('--license <id>', 'for all hosts of a license')
    .option('--group <id>', 'for all hosts of a group')
    .option('--days <n>', 'how long the license documents are valid', wholeNumberOption)
    .requiredOption('--out <file>', 'the bundle to write');
  withFirstTrust(exporting).action(exportAction);
  const importing = bundle
    .command('import <file>')
    .description('verify a bundle as an update is verified, and switch to its packs');
  withFirstTrust(importing)
    .option('--home <dir>', 'the state folder', defaultHomePath())
    .option('--json', 'report as JSON')
    .action(importAction);
}

async function exportAction(options: ExportOptions): Promise<void> {
  const access = adminAccess(options);
  const hostIds = await hostsOf(access, options);
  const { days, out } = options;
  const progress = startProgress('bundle');
  try {
    const report = await exportBundle(resolve(out), {
      source: httpSource({ server: `${access.server}/`, token: null }),
      firstTrust: await firstTrustOf(options),
      now: systemClock.now(),
      issue: async () => {
        const documents: IssuedDocument[] = [];
        for (const id of hostIds) documents.push(await issueDocument(access, id, days));
        return documents;
      },
      pack: (target, hostId) =>
        fetchPack(access, target, hostId, (received) => progress.update(received, target.length)),
    });
    progress.stop();
    if (options.json) printJson({ file: out, ...report });
    else printExport(out, report);
  } finally {
    progress.stop();
  }
}

/** Every host that the options name, once, in order of their ids. */
async function hostsOf(access: AdminAccess, { host, license, group }: ExportOptions): Promise<string[]> {
  const queries = [
    ...(license === undefined ? [] : [`licenseId=${segment(license)}`]),
    ...(group === undefined ? [] : [`groupId=${segment(group)}`]),
  ];
  const ids = new Set(host);
  for (const query of queries)
    for (const { id } of await listAll(access, '/v1/hosts', query)) if (typeof id === 'string') ids.add(id);
  if (ids.size === 0)
    throw new CliError(
      queries.length === 0 ? 'usage' : 'bundle-no-hosts',
      queries.length === 0
        ? 'bundle export: expected --host, --license or --group, got none'
        : 'bundle export: expected hosts with a seat, got none',
    );
  return [...ids].sort();
}

async function issueDocument(access: AdminAccess, hostId: string, days?: number): Promise<IssuedDocument> {
  const path = `/v1/hosts/${segment(hostId)}/offline-documents`;
  const answer = await callServer(access, 'POST', path, days === undefined ? {} : { days });
  const { keyid, document } = answer ?? {};
  if (typeof keyid !== 'string' || typeof document !== 'string')
    throw new AdminError(
      'server-answer',
      `POST ${path}: expected keyid and document, got ${shown(keyid)} and ${shown(document)}`,
    );
  return { hostId, keyid, envelope: decodeBase64(document, undefined, 'license document') };
}

async function fetchPack(
  { server, token }: AdminAccess,
  { path, sha256, length }: TrustedTarget,
  hostId: string,
  onProgress: (receivedBytes: number) => void,
): Promise<Uint8Array> {
  const answer = await request(`${server}/v1/hosts/${segment(hostId)}/packs/${sha256}`, {
    headers: { authorization: `Bearer ${token}` },
    maxBytes: Math.max(length, 65_536),
    onProgress,
  });
  if (answer.status !== 200)
    throw new AdminError('server-refused', `${path}: expected the pack, got status ${answer.status}`);
  return answer.body;
}

function printExport(file: string, { length, hosts, packs, staleAfter, refusedAfter }: ExportReport): void {
  print(`wrote ${printable(file)}: ${length} bytes, ${packs.length} packs for ${hosts.length} hosts`);
  print(
    table(packs.map(({ path, sequence, length: bytes }) => [`  ${path}`, `sequence ${sequence}`, `${bytes} bytes`])),
  );
  print(
    table(hosts.map(({ hostId, expiresAt, packs: count }) => [`  ${hostId}`, `${count} packs`, `until ${expiresAt}`])),
  );
  print(`import it before ${staleAfter}; later it is taken as stale, and from ${refusedAfter} on it is refused`);
}

async function importAction(file: string, options: ImportOptions): Promise<void> {
  const endpoint = { home: openHome(options.home), clock: systemClock, client: productVersion };
  const report = await importBundle(endpoint, file, await firstTrustOf(options));
  if (options.json) printJson(report);
  else {
    printReport(report);
    if (report.stale) warn('the bundle was long on its way: its timestamp or snapshot has expired (stale)');
  }
  if (report.packs.some(({ outcome }) => outcome === 'refused')) process.exitCode = exitCodes.failed;
}
