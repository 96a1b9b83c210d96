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
  /** SHA-256 hex of the licence key's 16 bytes; the key itself is nowhere. */
  keyDigest: string;
  /** JSON list of feature names, sorted. */
  features: string;
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
}

/** The licence document that a host has now. */
export interface DocumentRow {
  hostId: string;
  /** The whole envelope. */
  body: string;
  /** SHA-256 hex over what the document says, apart from times, serial and the random parts of sealed boxes. */
  contentDigest: string;
  issuedAt: string;
  expiresAt: string;
}

export type Scope = 'publisher' | 'admin' | 'auditor' | 'host' | 'feed';

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
  sequence: number;
  keyCommitment: string;
  /** The verified header as canonical JSON: it has the content key sealed to the distribution key. */
  header: string;
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

export interface Tables {
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
