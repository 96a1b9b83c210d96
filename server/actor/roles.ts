/**
 * What a person or a machine may do. One table, for API tokens and for people who sign in: a role is a set of permissions,
 * and a token may have fewer of them than its role.
 */

import type { Scope } from './scope.js';

export const permissions = [
  'customers:read',
  'customers:write',
  'plans:read',
  'plans:write',
  'licenses:read',
  'licenses:write',
  'hosts:read',
  'hosts:write',
  'activation-tokens:write',
  'tokens:read',
  'tokens:write',
  'people:read',
  'people:write',
  'releases:read',
  'releases:publish',
  'releases:root',
  'reports:read',
  'audit:read',
  'metrics:read',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ['owner', 'license-manager', 'publisher', 'auditor', 'customer'] as const;
export type Role = (typeof roles)[number];

/** `customer` sees and changes only what belongs to its own customer; every other role is the vendor's. */
export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = {
  owner: permissions,
  'license-manager': [
    'customers:read',
    'customers:write',
    'plans:read',
    'plans:write',
    'licenses:read',
    'licenses:write',
    'hosts:read',
    'hosts:write',
    'activation-tokens:write',
    'releases:read',
    'reports:read',
  ],
  publisher: ['releases:read', 'releases:publish'],
  auditor: [
    'customers:read',
    'plans:read',
    'licenses:read',
    'hosts:read',
    'tokens:read',
    'people:read',
    'releases:read',
    'reports:read',
    'audit:read',
  ],
  customer: ['customers:read', 'licenses:read', 'hosts:read', 'hosts:write', 'activation-tokens:write', 'reports:read'],
};

/** The role of a token's scope; null for what is no person's token: hosts, feeds, activations. `admin` is an owner's. */
export function roleOfScope(scope: Scope): Role | null {
  return scopeRoles[scope];
}

const scopeRoles: Readonly<Record<Scope, Role | null>> = {
  admin: 'owner',
  'license-manager': 'license-manager',
  publisher: 'publisher',
  auditor: 'auditor',
  customer: 'customer',
  host: null,
  feed: null,
  activation: null,
};
