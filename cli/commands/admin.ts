import type { Command } from 'commander';
import { registerAdminActivate } from './admin-activate.js';
import { registerAudit } from './admin-audit.js';
import { registerCustomers } from './admin-customers.js';
import { registerHosts } from './admin-hosts.js';
import { registerLicenses } from './admin-licenses.js';
import { registerReleases } from './admin-releases.js';
import { registerTokens } from './admin-tokens.js';

/** `yms admin …`: speaks HTTP to a running server and nothing else. */
export function registerAdmin(program: Command): void {
  const admin = program
    .command('admin')
    .description('manage customers, licenses, hosts, tokens and releases of a server');
  registerAdminActivate(admin);
  registerCustomers(admin);
  registerLicenses(admin);
  registerHosts(admin);
  registerTokens(admin);
  registerReleases(admin);
  registerAudit(admin);
}
