import { z } from 'zod';
import { decodeBase64, encodeBase64 } from '../../base/bytes.js';
import { type Clock, dayMs, formatSeconds, parseSeconds } from '../../base/clock.js';
import { parseEnvelope, verifyEnvelope } from '../../keys/envelope.js';
import { encodePublicKey, parsePublicKey, type PublicKey, publicKeySchema } from '../../keys/key.js';
import { type License, licensePayloadType, maxLicenseBytes, parseLicense } from '../../packs/license.js';
import { callApi, type Connection } from '../follow/api.js';
import { ScannerError, unlessRefused } from '../error.js';
import { type Home, loadDocument, saveDocument } from '../state/home.js';

const time = z.string().refine((text) => parseSeconds(text) !== null);

const maxEtagLength = 200;

const storedLicenseSchema = z.strictObject({
  format: z.literal(1),
  etag: z.string().max(maxEtagLength).nullable(),
  /** The signed envelope, as it came. */
  envelope: z.base64(),
  /** The license keys that it was accepted under. */
  keys: z.array(publicKeySchema).min(1),
  /** The greatest signed `issuedAt` ever accepted: time has got at least that far. */
  greatestIssuedAt: time,
});

export type StoredLicense = z.infer<typeof storedLicenseSchema>;

/** A license document that was verified, with what is kept of it on disk. */
export interface AcceptedLicense {
  readonly license: License;
  readonly stored: StoredLicense;
}

export interface LicensePolicy {
  readonly keys: readonly PublicKey[];
  readonly hostKeyid: string;
  readonly hostId: string;
}

/** Whom a document must have been made for, and by whom. @throws KeyError; ScannerError `license-host` */
export function verifyLicense(envelope: Uint8Array, policy: LicensePolicy): License {
  const verified = verifyEnvelope(parseEnvelope(envelope, 'license'), {
    payloadType: licensePayloadType,
    keys: policy.keys,
    threshold: 1,
    subject: 'license',
  });
  const license = parseLicense(verified.payload);
  if (license.host.keyid !== policy.hostKeyid || license.host.id !== policy.hostId)
    throw new ScannerError(
      'license-host',
      `license: expected one for host ${policy.hostId} with key ${policy.hostKeyid}, got one for ${license.host.id} with ${license.host.keyid}`,
    );
  return license;
}

/**
 * Time as far as acceptance is concerned: the system clock, but never before what the server has signed. The local clock
 * never raises that mark, so that one wrong start does not lock a host out.
 */
export function trustedNow(clock: Clock, greatestIssuedAt: string | undefined): Date {
  const mark = greatestIssuedAt === undefined ? null : parseSeconds(greatestIssuedAt);
  const now = clock.now();
  return mark !== null && mark > now ? mark : now;
}

/**
 * The state of a document at acceptance (docs/spec/license.md, "Accepting, in order", 5). It comes before every look at a
 * clock: whoever's license was revoked must hear so, and not that his clock is wrong.
 *
 * @throws ScannerError `license-expired`, `license-suspended`, `license-revoked`
 */
function requireState({ state }: License): void {
  if (state === 'suspended' || state === 'revoked' || state === 'expired')
    throw new ScannerError(`license-${state}`, `license: expected an active one, got state ${state}`);
}

/**
 * The mark that a document sets lasts, so one signed in a far future would have every later update refused (6). Measured
 * at the system clock alone: at the mark, documents that are each a day ahead of the one before would walk it anywhere.
 *
 * @throws ScannerError `license-issued-ahead`
 */
function requireOfToday({ issuedAt }: License, clock: Clock): void {
  const latest = new Date(clock.now().getTime() + dayMs);
  if (secondsOf(issuedAt) > latest)
    throw new ScannerError(
      'license-issued-ahead',
      `license: expected one issued before ${formatSeconds(latest)}, a day after the clock, got ${issuedAt}`,
      clockHint,
    );
}

/**
 * The validity of a document at acceptance (7).
 *
 * @throws ScannerError `license-not-yet-valid`, `license-expired`
 */
function requireValid(license: License, now: Date): void {
  if (now < secondsOf(license.notBefore))
    throw new ScannerError(
      'license-not-yet-valid',
      `license: expected validity from now, got ${license.notBefore}`,
      clockHint,
    );
  if (now >= secondsOf(license.expiresAt))
    throw new ScannerError(
      'license-expired',
      `license: expected validity beyond now, got ${license.expiresAt}`,
      clockHint,
    );
}

function isValid(license: License, now: Date): boolean {
  return (
    unlessRefused(() => {
      requireState(license);
      requireValid(license, now);
      return true;
    }) === true
  );
}

const clockHint = { hint: 'check the clock of this host' };

function secondsOf(text: string): Date {
  return parseSeconds(text) ?? new Date(Number.NaN);
}

export async function loadStoredLicense(home: Home): Promise<StoredLicense | null> {
  return loadDocument(home.license, storedLicenseSchema);
}

export async function saveStoredLicense(home: Home, stored: StoredLicense): Promise<void> {
  await saveDocument(home.license, storedLicenseSchema, stored);
}

/** The stored document under the keys it was accepted with, whatever they are worth now; null when it is not ours. */
export function reopenLicense(stored: StoredLicense, host: Omit<LicensePolicy, 'keys'>): License | null {
  const keys = stored.keys.map((key) => parsePublicKey(key, 'license key', 'ed25519'));
  return unlessRefused(() => verifyLicense(decodeBase64(stored.envelope), { ...host, keys }));
}

/** The envelope is the payload in base64, with signatures. */
const licenseMaxBytes = Math.ceil(maxLicenseBytes * 1.34) + 16_384;

/**
 * Asks the server for the license document. The stored one is offered (304) only while it would still be accepted.
 *
 * @throws ScannerError `license-…`, `token-refused`; KeyError; PackError; BaseError `http-…`
 */
export async function fetchLicense(
  connection: Connection,
  stored: StoredLicense | null,
  policy: LicensePolicy,
  clock: Clock,
): Promise<AcceptedLicense> {
  const known = stored && unlessRefused(() => verifyLicense(decodeBase64(stored.envelope), policy));
  const isUsable = known !== null && isValid(known, trustedNow(clock, stored?.greatestIssuedAt));
  const etag = isUsable ? (stored?.etag ?? null) : null;
  const answer = await callApi(connection, {
    method: 'GET',
    path: 'v1/license',
    headers: etag === null ? {} : { 'if-none-match': etag },
    maxBytes: licenseMaxBytes,
    expects: etag === null ? [200] : [200, 304],
  });
  if (answer.status === 304 && known) return { license: known, stored };
  return acceptLicense(answer.body, answer.headers.get('etag'), stored, policy, clock);
}

/**
 * Every check of a document that came in: signature, host, serial, validity at the time that the server vouches for.
 *
 * @throws KeyError; PackError; ScannerError `license-host`, `license-rollback`, `license-issued-ahead`,
 * `license-expired`, `license-suspended`, `license-revoked`, `license-not-yet-valid`
 */
export function acceptLicense(
  envelope: Uint8Array,
  etag: string | null,
  stored: StoredLicense | null,
  policy: LicensePolicy,
  clock: Clock,
): AcceptedLicense {
  const license = verifyLicense(envelope, policy);
  const before = stored && reopenLicense(stored, policy);
  if (before?.license === license.license && license.serial < before.serial)
    throw new ScannerError(
      'license-rollback',
      `license: expected a serial of at least ${before.serial}, got ${license.serial}`,
    );
  requireState(license);
  requireOfToday(license, clock);
  const seen = stored?.greatestIssuedAt ?? license.issuedAt;
  const greatestIssuedAt = seen > license.issuedAt ? seen : license.issuedAt;
  requireValid(license, trustedNow(clock, greatestIssuedAt));
  const keys = policy.keys.map(encodePublicKey);
  const keptEtag = etag !== null && etag.length > maxEtagLength ? null : etag;
  return { license, stored: { format: 1, etag: keptEtag, envelope: encodeBase64(envelope), keys, greatestIssuedAt } };
}
