import type { Command } from 'commander';
import { registerAdminActivate } from './admin-activate.js';
import { registerAudit } from './admin-audit.js';
import { registerCustomers } from './admin-customers.js';
import { registerGroups, registerHosts } from './admin-hosts.js';
import { registerLicenses } from './admin-licenses.js';
import { registerFeatures, registerPlans } from './admin-plans.js';
import { registerPeople } from './admin-people.js';
import { registerReleases } from './admin-releases.js';
import { registerReports } from './admin-reports.js';
import { registerActivationTokens, registerTokens } from './admin-tokens.js';

/** `yms admin …`: speaks HTTP to a running server and nothing else. */
export function registerAdmin(program: Command): void {
  const admin = program
    .command('admin')
    .description('manage customers, licenses, hosts, tokens and releases of a server');
  registerAdminActivate(admin);
  registerCustomers(admin);
  registerPlans(admin);
  registerFeatures(admin);
  registerLicenses(admin);
  registerHosts(admin);
  registerGroups(admin);
  registerTokens(admin);
  registerActivationTokens(admin);
  registerPeople(admin);
  registerReleases(admin);
  registerReports(admin);
  registerAudit(admin);
}
