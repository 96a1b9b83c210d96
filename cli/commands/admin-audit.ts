import type { Command } from 'commander';
import { decodeUtf8 } from '../../base/bytes.js';
import { readFileAtMost, writeFileAtomic } from '../../base/files.js';
import { canonicalJson, parseJson } from '../../base/json.js';
import { loadPublicKeyFile } from '../../keys/keyfile.js';
import { type AuditEntry, verifyAudit } from '../../server/audit/audit.js';
import { type AuditHead, parseAuditHead, verifyAuditHead } from '../../server/audit/audit-head.js';
import { note, print, printJson } from '../output.js';
import { adminAccess, adminCommand, type AdminOptions, fetchBytes, type JsonObject, listAll } from './admin-client.js';
import { listCommand } from './admin-list.js';

interface VerifyOptions extends AdminOptions {
  readonly file?: string;
  readonly head?: string;
  readonly key?: string;
}

const columns = ['sequence', 'at', 'actor', 'action', 'subject', 'details'];
const maxExportBytes = 512 * 1_048_576;
const maxHeadBytes = 16_384;

export function registerAudit(admin: Command): void {
  const audit = admin.command('audit').description('what was done, by whom, in a chain of hashes');
  listCommand(audit, 'list all entries', {
    path: '/v1/audit',
    columns,
    filters: {
      actor: ['actor', '<actor>', 'only what somebody did, such as person:per-…'],
      action: ['action', '<action>', 'only one kind of act, such as license.revoke'],
      subject: ['subject', '<id>', 'only what was done to something'],
      since: ['since', '<time>', 'only from this time on, such as 2026-07-01T00:00:00Z'],
    },
  });
  adminCommand(audit, 'export <file>', 'write all entries as JSON lines').action(
    async (file: string, options: AdminOptions) => {
      const entries = await listAll(adminAccess(options), '/v1/audit');
      await writeFileAtomic(file, entries.map((entry) => `${canonicalJson(entry)}\n`).join(''));
      note(`${entries.length} entries in ${file}`);
    },
  );
  adminCommand(audit, 'head <file>', 'write the signed head of the log; keep it elsewhere to notice a cut').action(
    async (file: string, options: AdminOptions) => {
      const bytes = await fetchBytes(adminAccess(options), '/v1/audit/head');
      const { sequence, hash } = parseAuditHead(bytes, null);
      await writeFileAtomic(file, bytes);
      print(`${sequence} ${hash}`);
    },
  );
  adminCommand(audit, 'verify', 'follow the chain, and look for a head that was kept')
    .option('--file <file>', 'an export instead of the server')
    .option('--head <file>', 'a head that was kept: a log that does not lead to it was cut or written anew')
    .option('--key <file>', "the server's license.pub: checks who signed the head")
    .action(verify);
}

async function verify(options: VerifyOptions): Promise<void> {
  const entries = await entriesOf(options);
  const head = await keptHead(options);
  const last = head === null ? verifyAudit(entries) : verifyAuditHead(entries, head);
  if (options.json) printJson({ entries: entries.length, head: last, kept: head === null ? null : { ...head } });
  else print(`${entries.length} ${last}`);
  if (head === null) note('a cut at the end shows only against a head that was kept: yms admin audit head FILE');
  else if (options.key === undefined) note('the signature of the head was not checked: --key FILE');
}

async function entriesOf(options: VerifyOptions): Promise<AuditEntry[]> {
  if (options.file === undefined) return (await listAll(adminAccess(options), '/v1/audit')) as unknown as AuditEntry[];
  const { file } = options;
  const lines = decodeUtf8(await readFileAtMost(file, maxExportBytes), file)
    .split('\n')
    .filter(Boolean);
  return lines.map((line, i) => parseJson(line, `${file} line ${i + 1}`) as JsonObject) as unknown as AuditEntry[];
}

async function keptHead({ head, key }: VerifyOptions): Promise<AuditHead | null> {
  if (head === undefined) return null;
  const keys = key === undefined ? null : [(await loadPublicKeyFile(key)).key];
  return parseAuditHead(await readFileAtMost(head, maxHeadBytes), keys);
}
