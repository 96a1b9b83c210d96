/** What a token is for. `admin` is an owner's; `host`, `feed` and `activation` are machines' and have no role. */
export const scopes = [
  'admin',
  'license-manager',
  'publisher',
  'auditor',
  'customer',
  'host',
  'feed',
  'activation',
] as const;
export type Scope = (typeof scopes)[number];
