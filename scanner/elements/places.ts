import type { ElementKind } from '../findings/element-table.js';

/** Kinds of files whose lines are elements by themselves, told by where they lie and what they are called. */
export type LineElement = Extract<
  ElementKind,
  | 'text-log'
  | 'hosts-file'
  | 'autorun'
  | 'shell-history'
  | 'powershell-history'
  | 'registry-export'
  | 'recent-file'
  | 'resolver-cache'
>;

/** Paths with `/`, in lower case. The first that fits counts. */
const places: readonly (readonly [element: LineElement, place: RegExp])[] = [
  ['hosts-file', /(?:^|\/)(?:etc\/hosts|drivers\/etc\/hosts(?:\.ics)?|hosts)$/],
  ['powershell-history', /(?:^|\/)[^/]{0,100}consolehost_history\.txt$|\/psreadline\/[^/]{1,100}_history\.txt$/],
  [
    'shell-history',
    /(?:^|\/)(?:\.(?:ba|z|k|c|tc|da|a)?sh_history|\.history|\.histfile|fish_history|\.(?:python|mysql|psql|sqlite|node_repl|rediscli|lua|php|irb|perl)_history|\.bash_sessions\/[^/]{1,100}\.history(?:new)?)$/,
  ],
  ['registry-export', /\.reg$/],
  ['recent-file', /(?:^|\/)(?:recently-used\.xbel|\.viminfo|\.lesshst|recentdocuments\/[^/]{1,255}\.desktop)$/],
  [
    'autorun',
    /(?:^|\/)(?:etc\/(?:anacrontab|crontab|rc\.local|rc\.d\/[^]{1,200}|init\.d\/[^/]{1,200}|inittab|ld\.so\.preload|profile|bash\.bashrc|environment)|etc\/(?:cron\.[a-z]{1,10}|profile\.d|init|xdg\/autostart|update-motd\.d|modules-load\.d)\/[^/]{1,200}|var\/spool\/(?:cron|at|anacron)\/[^]{1,200})$/,
  ],
  ['autorun', /(?:^|\/)systemd\/[^]{1,300}\.(?:service|timer|socket|path|mount|automount|conf)$/],
  ['autorun', /(?:^|\/)(?:\.(?:bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zprofile|zlogin|zshenv|xinitrc|xprofile|xsession)|autostart\/[^/]{1,200}\.desktop)$/],
  ['autorun', /\/windows\/(?:system32|syswow64)\/tasks\/[^]{1,300}$|\/start menu\/programs\/startup\/[^/]{1,200}$|\/launch(?:agents|daemons)\/[^/]{1,200}\.plist$/],
  ['resolver-cache', /(?:^|\/)(?:named_dump\.db|cache_dump\.db|unbound[._-]cache[^/]{0,40}|displaydns[^/]{0,40}|ipconfig[._-]displaydns[^/]{0,40}|dns-?cache[^/]{0,40}\.txt)$/],
  ['text-log', /(?:^|\/)(?:var\/log|logs?)\/[^]{1,400}$|\.(?:log|logs|out|err)(?:\.\d{1,4}|[.-]\d{8}|\.old|\.bak)?$/],
  ['text-log', /(?:^|\/)(?:syslog|messages|secure|maillog|mail\.log|auth\.log|kern\.log|daemon\.log|cron\.log|user\.log|debug)(?:\.\d{1,4}|-\d{8})?$/],
]; // prettier-ignore

/** Null for a file that is one element as a whole. */
export function lineElementOf(path: string): LineElement | null {
  const folded = path.replaceAll('\\', '/').toLowerCase();
  return places.find(([, place]) => place.test(folded))?.[0] ?? null;
}

const cacheLine =
  /^ *(?:Record Name *[. ]{2,} *: \S|Windows IP Configuration|START_RRSET_CACHE|END_RRSET_CACHE|; (?:Start|Dump) view|; Cache dump)/m;

/** A dump of a resolver's cache, whatever its name: `ipconfig /displaydns`, `unbound-control dump_cache`, `rndc dumpdb`. */
export function isResolverCache(head: string): boolean {
  return cacheLine.test(head);
}

export function isRegistryExport(head: string): boolean {
  return /^(?:Windows Registry Editor Version 5\.00|REGEDIT4)\r?\n/.test(head);
}
