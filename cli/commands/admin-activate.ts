import { shown } from '../../base/shown.js';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { decodeBase64 } from '../../base/bytes.js';
import { systemClock } from '../../base/clock.js';
import { readFileAtMost } from '../../base/files.js';
import { parsePublicKey } from '../../keys/key.js';
import { maxRequestBytes, parseActivationRequest } from '../../packs/activation.js';
import { httpSource } from '../../scanner/follow/fetcher.js';
import { collectRepository } from '../../scanner/offline/collect.js';
import { writeAnswer } from '../../scanner/offline/export-bundle.js';
import { firstTrustOf, type FirstTrustOptions, withFirstTrust } from '../first-trust-option.js';
import { hint, print, printable, printJson } from '../output.js';
import {
  adminAccess,
  adminCommand,
  AdminError,
  type AdminOptions,
  callServer,
  wholeNumberOption,
} from './admin-client.js';

interface ActivateOptions extends AdminOptions, FirstTrustOptions {
  readonly license?: string;
  readonly days?: number;
  readonly out: string;
}

export function registerAdminActivate(admin: Command): void {
  const command = adminCommand(
    admin,
    'activate <request>',
    'take a seat for a host without a network; the answer is carried back to it',
  )
    .option('--license <id>', 'the license to take a seat of, when the request names none')
    .option('--days <n>', 'how long its license document is valid', wholeNumberOption)
    .requiredOption('--out <file>', 'the answer to write');
  withFirstTrust(command).action(activateAction);
}

/** The repository is collected first: when it cannot be had, no seat is taken. */
async function activateAction(file: string, options: ActivateOptions): Promise<void> {
  const access = adminAccess(options);
  const { license, days, out } = options;
  const request = parseActivationRequest(await readFileAtMost(file, maxRequestBytes), file);
  const source = httpSource({ server: `${access.server}/`, token: null });
  const collected = await collectRepository(source, [], systemClock.now(), await firstTrustOf(options));
  const answer = await callServer(access, 'POST', '/v1/offline-activations', {
    request: { ...request, hostKey: { ...request.hostKey } },
    ...(license === undefined ? {} : { licenseId: license }),
    ...(days === undefined ? {} : { days }),
  });
  const { hostId, licenseId, keyid, activation } = answer ?? {};
  const asked = parsePublicKey(request.hostKey, 'host key', 'x25519').keyid;
  if (keyid !== asked || [hostId, licenseId, activation].some((member) => typeof member !== 'string'))
    throw new AdminError(
      'server-answer',
      `POST /v1/offline-activations: expected an activation of host key ${asked}, got one of ${shown(keyid)}`,
    );
  await writeAnswer(resolve(out), asked, decodeBase64(activation as string, undefined, 'activation'), collected);
  if (options.json) {
    printJson({ hostId, licenseId, keyid, name: request.name, answer: out });
    return;
  }
  print(`${printable(request.name)} is host ${hostId as string} of license ${licenseId as string}`);
  print(`  host key ${asked}: compare it with what the host printed`);
  print(`  answer   ${printable(out)}`);
  hint(`carry it back: yms activate --answer ${printable(out)} --root root.json`);
}
