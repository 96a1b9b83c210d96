import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a host keeps in places of its own. `*` stands for one name. */
const places: readonly string[] = [
  // Linux
  'etc/hosts', 'etc/crontab', 'etc/anacrontab', 'etc/cron.d', 'etc/cron.hourly', 'etc/cron.daily', 'etc/cron.weekly', 'etc/cron.monthly',
  'etc/rc.local', 'etc/init.d', 'etc/profile', 'etc/profile.d', 'etc/bash.bashrc', 'etc/environment', 'etc/ld.so.preload',
  'etc/update-motd.d', 'etc/xdg/autostart', 'etc/systemd', 'usr/lib/systemd/system', 'usr/local/lib/systemd', 'run/systemd/system',
  'var/spool/cron', 'var/spool/anacron', 'var/log', 'tmp', 'var/tmp', 'dev/shm',
  ...['root', 'home/*'].flatMap((home) =>
    [
      '.bash_history', '.zsh_history', '.ksh_history', '.sh_history', '.ash_history', '.history', '.histfile', '.python_history',
      '.mysql_history', '.psql_history', '.sqlite_history', '.node_repl_history', '.local/share/fish/fish_history',
      '.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.profile', '.zshrc', '.zprofile', '.zshenv', '.xprofile', '.xinitrc',
      '.config/autostart', '.config/systemd/user', '.local/share/recently-used.xbel', '.viminfo', '.lesshst',
      '.local/share/powershell/PSReadLine',
    ].map((name) => `${home}/${name}`),
  ),
  // Windows
  'Windows/System32/drivers/etc/hosts', 'Windows/System32/Tasks', 'Windows/System32/winevt/Logs', 'Windows/Temp',
  'ProgramData/Microsoft/Windows/Start Menu/Programs/StartUp',
  'Users/*/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine',
  'Users/*/AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup',
  'Users/*/AppData/Roaming/Microsoft/Windows/Recent', 'Users/*/AppData/Local/Temp',
]; // prettier-ignore

/** Those of the places that are there, below the root of this host or of another one's disk. */
export async function hostPlaces(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of places) for (const path of await expand(root, place)) if (await isThere(path)) found.push(path);
  return found;
}

async function expand(root: string, place: string): Promise<string[]> {
  const [before = '', after] = place.split('*');
  if (after === undefined) return [join(root, place)];
  const names = await readdir(join(root, before)).catch(() => []);
  return names.sort().map((name) => join(root, before, name, after));
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
