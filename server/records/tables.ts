import type { Scope } from '../actor/scope.js';
import type { PersonRow, RefusalRow, SessionRow } from './people-tables.js';

/**
 * The rows that the server keeps. Types that SQLite and PostgreSQL share: text, whole numbers, and 0 or 1. Times are
 * `YYYY-MM-DDTHH:MM:SSZ`, which sorts as text. Lists and documents are canonical JSON text.
 */
export interface CustomerRow {
  id: string;
  name: string;
  createdAt: string;
}

export interface LicenseRow {
  id: string;
  customerId: string;
  /** SHA-256 hex of the license key's 16 bytes; the key itself is nowhere. */
  keyDigest: string;
  /** Null for a license that was sold without a plan. */
  planId: string | null;
  /** JSON list of feature names, sorted: what this license has beyond its plan (all it has, without a plan). */
  features: string;
  /** JSON list of feature names, sorted: what this license lacks although its plan has it. */
  removedFeatures: string;
  seats: number;
  channel: string;
  status: 'active' | 'suspended' | 'revoked';
  notBefore: string;
  expiresAt: string;
  createdAt: string;
  /** Of the newest document of any of its hosts; it never falls, also when a host is removed and comes back. */
  lastSerial: number;
}

export interface HostRow {
  id: string;
  licenseId: string;
  keyid: string;
  /** 64 hex digits of the X25519 public key. */
  publicKey: string;
  name: string;
  client: string;
  createdAt: string;
  /** JSON of the last status report. */
  status: string | null;
  statusAt: string | null;
  groupId: string | null;
  /** The last check-in or report. */
  lastSeenAt: string | null;
  /** Since when the host has no seat: a floating seat came free because it was not seen. */
  seatFreedAt: string | null;
  /** The greatest serial that the host has shown to hold. */
  confirmedSerial: number;
  /** Why somebody should look at this host. */
  flag: 'serial-replayed' | null;
  flaggedAt: string | null;
}

/** The license document that a host has now. */
export interface DocumentRow {
  hostId: string;
  /** The whole envelope. */
  body: string;
  /** SHA-256 hex over what the document says, apart from times, serial and the random parts of sealed boxes. */
  contentDigest: string;
  issuedAt: string;
  expiresAt: string;
}

export interface TokenRow {
  id: string;
  name: string;
  scope: Scope;
  /** SHA-256 hex of the token's text. */
  digest: string;
  licenseId: string | null;
  hostId: string | null;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  /** Of scope customer. */
  customerId: string | null;
  /** JSON list: fewer permissions than the scope's role has. */
  permissions: string | null;
  /** Of scope activation: how many seats it may still take. */
  usesLeft: number | null;
}

/** A TUF metadata file, exact bytes (JSON is text, so the text is the bytes). */
export interface MetadataRow {
  role: string;
  version: number;
  body: string;
  createdAt: string;
}

/** A target that some committed role listed at some time. */
export interface TargetRow {
  path: string;
  sha256: string;
  length: number;
  role: string;
  /** 1 when the role's current version lists it. */
  current: number;
  committedAt: string;
}

/** What the header of a committed pack said, for grants. */
export interface PackRow {
  path: string;
  sha256: string;
  feature: string;
  pack: string;
  channel: string;
  kind: 'full' | 'delta';
  version: string;
  /** Of its feature when it was committed; releases of a path are ordered by (epoch, sequence). */
  epoch: number;
  sequence: number;
  keyCommitment: string;
  /** The verified header as canonical JSON: it has the content key sealed to the distribution key. */
  header: string;
  /** Since when its content key does not open, so that no host is granted it. */
  refusedAt: string | null;
}

export interface AuditRow {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  /** JSON object. */
  details: string;
  previous: string;
  hash: string;
}

/** What is sold. Features, grace and document days act on its licenses at once; the rest is copied into a license when sold. */
export interface PlanRow {
  id: string;
  name: string;
  /** JSON list of feature names, sorted. */
  features: string;
  seats: number;
  durationDays: number;
  channel: string;
  /** 0 or 1. */
  trial: number;
  graceDays: number;
  documentDays: number;
  /** A seat not seen for so many days comes free; null when seats are locked to their nodes. */
  floatingDays: number | null;
  createdAt: string;
  /** No longer sold since; its licenses go on. */
  archivedAt: string | null;
}

/** A feature that belongs to one customer alone. */
export interface CustomerFeatureRow {
  /** `c-<12 hex>`. */
  feature: string;
  customerId: string;
  name: string;
  createdAt: string;
}

/** A feature leaves some plans and enters others at a time. */
export interface FeatureMoveRow {
  id: string;
  feature: string;
  /** JSON lists of plan ids. */
  fromPlans: string;
  toPlans: string;
  effectiveAt: string;
  /** 0 or 1: licenses that have the feature when the move takes effect keep it as an addition of their own. */
  keepExisting: number;
  createdAt: string;
  createdBy: string;
  appliedAt: string | null;
  cancelledAt: string | null;
}

/** Hosts of one customer that are managed together. */
export interface GroupRow {
  id: string;
  customerId: string;
  name: string;
  createdAt: string;
}

/** A license document that was issued, kept after the next one: what a host was given, and when. */
export interface DeliveryRow {
  hostId: string;
  serial: number;
  licenseId: string;
  customerId: string;
  hostName: string;
  /** SHA-256 hex of the envelope, which is its ETag. */
  sha256: string;
  issuedAt: string;
  expiresAt: string;
  state: string;
  /** JSON list. */
  features: string;
  /** JSON list of `<feature>/<pack>/<channel> <version> <kind>`. */
  grants: string;
}

/** The first and the last time that a host was sent a whole target. */
export interface DownloadRow {
  /** Host, hash and path. */
  id: string;
  hostId: string;
  hostName: string;
  customerId: string;
  path: string;
  sha256: string;
  firstAt: string;
  lastAt: string;
  times: number;
}

/** An answer that is given again to the same request with the same Idempotency-Key. */
export interface IdempotencyRow {
  actor: string;
  key: string;
  requestDigest: string;
  /** Null while the first request is at work. */
  status: number | null;
  /** Encrypted under the caller's token and key, base64: it may hold what is shown once. */
  body: string | null;
  createdAt: string;
}

/** A fact about the records as a whole. */
export interface SettingRow {
  name: string;
  value: string;
}

/** The last time for which a job was done, by whichever server. */
export interface JobRow {
  name: string;
  /** Counts the job's periods since 1970. */
  slot: number;
}

/** A leaky count, see `rates.ts`. */
export interface RateRow {
  key: string;
  spent: number;
  atMs: number;
}

/** A blob that was uploaded, or is on its way, and that no role has listed yet. */
export interface UploadRow {
  sha256: string;
  /** Who answers for it. */
  actor: string;
  /** In bytes; what was announced while it is on its way. */
  length: number;
  /** The last time that somebody sent it, or asked whether it is there. */
  uploadedAt: string;
}

/** A row to hold for the time of a transaction, where the database has no single writer. */
export interface LockRow {
  name: string;
}

export interface Tables {
  people: PersonRow;
  sessions: SessionRow;
  refusals: RefusalRow;
  plans: PlanRow;
  customerFeatures: CustomerFeatureRow;
  featureMoves: FeatureMoveRow;
  groups: GroupRow;
  deliveries: DeliveryRow;
  downloads: DownloadRow;
  idempotency: IdempotencyRow;
  locks: LockRow;
  settings: SettingRow;
  jobs: JobRow;
  rates: RateRow;
  uploads: UploadRow;
  customers: CustomerRow;
  licenses: LicenseRow;
  hosts: HostRow;
  documents: DocumentRow;
  tokens: TokenRow;
  metadata: MetadataRow;
  targets: TargetRow;
  packs: PackRow;
  audit: AuditRow;
}
