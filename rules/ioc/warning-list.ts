import { domainToUnicode } from 'node:url';
import { parseAddress, parseCidr } from './address.js';
import {
  documentationNetworks,
  KnownNetworks,
  publicResolvers,
  reservedNetworks,
  sharedNetworks,
} from './common-address.js';
import { commonHash } from './common-hash.js';
import { domainSuffixes } from './domain.js';
import { isExpired, type Indicator } from './indicator.js';
import { publicSuffixKind } from './public-suffixes.js';

export type LintCode =
  | 'address-reserved'
  | 'address-documentation'
  | 'address-shared'
  | 'resolver-public'
  | 'network-wide'
  | 'site-top'
  | 'domain-shared'
  | 'domain-suffix'
  | 'domain-reserved'
  | 'domain-confusable'
  | 'hash-common'
  | 'key-common'
  | 'expired';

/** What a lint has to say about one indicator; an `error` keeps it out of a pack. */
export interface LintFinding {
  readonly code: LintCode;
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly indicator: Indicator;
}

/** Sites of great traffic, chosen by us: a list that names one of them as a whole is mistaken. A host below may be right. */
const topSites = new Set(
  `adobe.com akamai.net amazon.com apple.com baidu.com bing.com cloudflare.com debian.org ebay.com facebook.com fedoraproject.org
  firefox.com gnu.org google.com googleapis.com gstatic.com ibm.com icloud.com instagram.com intel.com kernel.org letsencrypt.org
  linkedin.com live.com microsoft.com microsoftonline.com mozilla.org netflix.com npmjs.org ntp.org office.com office365.com
  openai.com oracle.com paypal.com pypi.org python.org reddit.com redhat.com salesforce.com samsung.com skype.com sourceforge.net
  spotify.com stackoverflow.com telegram.org tiktok.com twitter.com ubuntu.com verisign.com virustotal.com whatsapp.com
  whatsapp.net wikipedia.org windows.com windows.net windowsupdate.com x.com yahoo.com yandex.ru youtube.com zoom.us`.split(
    /\s+/,
  ),
);

/** Services below whose domain anybody gets a name or a page: the host may be bad, the domain is everybody's. */
const sharedDomains = new Set(
  `amazonaws.com azurewebsites.net blogspot.com cloudfront.net ddns.net dropbox.com duckdns.org dyndns.org fastly.net
  firebaseapp.com github.com github.io githubusercontent.com gitlab.io herokuapp.com mooo.com netlify.app ngrok.io no-ip.org
  pages.dev pastebin.com trycloudflare.com vercel.app web.app weebly.com wixsite.com wordpress.com workers.dev`.split(
    /\s+/,
  ),
);

/** Names that never resolve in the public DNS (RFC 2606, RFC 6761, RFC 6762 with its appendix G, RFC 8375; `internal` by ICANN). */
const reservedDomains: Readonly<Record<string, 'error' | 'warning'>> = {
  localhost: 'error',
  local: 'error',
  'home.arpa': 'error',
  localdomain: 'error',
  intranet: 'error',
  internal: 'error',
  private: 'error',
  corp: 'error',
  home: 'error',
  lan: 'error',
  test: 'warning',
  example: 'warning',
  invalid: 'warning',
  'example.com': 'warning',
  'example.net': 'warning',
  'example.org': 'warning',
};

/** Hosts that every machine asks: certificates, time, updates, whether there is a network. */
const vitalHosts = new Set(
  `captive.apple.com connectivitycheck.gstatic.com crl.microsoft.com crl.pki.goog crl.sectigo.com crl3.digicert.com crl4.digicert.com
  ctldl.windowsupdate.com detectportal.firefox.com download.windowsupdate.com fonts.googleapis.com fonts.gstatic.com
  login.live.com login.microsoftonline.com lencr.org msftconnecttest.com msftncsi.com ntp.ubuntu.com o.lencr.org o.pki.goog
  ocsp.digicert.com ocsp.entrust.net ocsp.globalsign.com ocsp.pki.goog ocsp.sectigo.com outlook.office365.com pool.ntp.org
  settings-win.data.microsoft.com time.apple.com time.google.com time.windows.com time.cloudflare.com update.microsoft.com`.split(
    /\s+/,
  ),
);

/** Keys below which every Windows has values, in normal form: a key of malware is below one of them. */
// prettier-ignore
const commonKeys: ReadonlySet<string> = new Set([
  ...['hklm', 'hkcu'].flatMap((hive) => [
    ...['software', 'software\\microsoft', 'software\\microsoft\\windows', 'software\\microsoft\\windows\\currentversion', 'software\\microsoft\\windows nt', 'software\\microsoft\\windows nt\\currentversion', 'software\\policies', 'software\\policies\\microsoft', 'software\\classes', 'software\\classes\\clsid', 'software\\wow6432node', 'software\\wow6432node\\microsoft', 'system', 'environment'],
    ...['run', 'runonce', 'runonceex', 'runservices', 'policies', 'policies\\explorer', 'policies\\explorer\\run', 'policies\\system', 'explorer', 'explorer\\advanced', 'explorer\\shell folders', 'explorer\\user shell folders', 'explorer\\browser helper objects', 'internet settings', 'uninstall', 'app paths', 'shell extensions\\approved', 'authentication\\credential providers'].flatMap(
      (key) => [`software\\microsoft\\windows\\currentversion\\${key}`, `software\\wow6432node\\microsoft\\windows\\currentversion\\${key}`]),
    ...['winlogon', 'windows', 'image file execution options', 'schedule\\taskcache', 'schedule\\taskcache\\tree', 'schedule\\taskcache\\tasks', 'profilelist', 'silentprocessexit', 'appcompatflags', 'svchost', 'drivers32'].map(
      (key) => `software\\microsoft\\windows nt\\currentversion\\${key}`),
    ...['software\\microsoft\\active setup\\installed components', 'software\\microsoft\\command processor', 'software\\microsoft\\windows defender', 'software\\policies\\microsoft\\windows defender'],
  ].map((key) => `${hive}\\${key}`)),
  ...['system\\currentcontrolset', 'system\\currentcontrolset\\services', 'system\\currentcontrolset\\control', 'system\\currentcontrolset\\enum', 'system\\currentcontrolset\\control\\session manager', 'system\\currentcontrolset\\control\\lsa', 'system\\currentcontrolset\\control\\terminal server', 'system\\currentcontrolset\\control\\print\\monitors', 'system\\currentcontrolset\\services\\tcpip', 'system\\currentcontrolset\\services\\tcpip\\parameters', 'system\\currentcontrolset\\services\\sharedaccess', 'system\\currentcontrolset\\services\\eventlog', 'sam', 'security', 'hardware'].map((key) => `hklm\\${key}`),
  ...['clsid', 'exefile', 'exefile\\shell\\open\\command', 'directory', '*', '.exe', 'txtfile', 'http', 'https'].map((key) => `hkcr\\${key}`),
  ...['.default', 's-1-5-18', 's-1-5-19', 's-1-5-20'].map((key) => `hku\\${key}`),
]);

const widestPrefix = { 32: 8, 128: 19 } as const;

/** Letters that look like Latin ones, of the scripts that names are most often imitated with. */
const confusable =
  /[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u03b1\u03bf\u03c1\u03bd\u0261\u0269\u0131]/;

/** Judges indicators by the lists above and by the clock. Trusted ones are left alone: to allow a top site is no mistake. */
export class WarningList {
  readonly #reserved = new KnownNetworks(reservedNetworks);
  readonly #documentation = new KnownNetworks(documentationNetworks);
  readonly #resolvers = new KnownNetworks([...eachWith(publicResolvers)]);
  readonly #shared = new KnownNetworks([...eachWith(sharedNetworks)]);

  lint(indicators: Iterable<Indicator>, now: Date): LintFinding[] {
    const findings: LintFinding[] = [];
    for (const indicator of indicators) {
      const report = (code: LintCode, severity: LintFinding['severity'], said: string): void => {
        findings.push({
          code,
          severity,
          indicator,
          message: `${indicator.type} ${indicator.value.slice(0, 100)}: ${said}`,
        });
      };
      if (isExpired(indicator, now))
        report('expired', 'warning', `expected a time to come, got ${indicator.expiresAt ?? ''}`);
      if (indicator.role === 'trusted') continue;
      this.#lintValue(indicator, report);
    }
    return findings;
  }

  #lintValue(indicator: Indicator, report: Report): void {
    const { value } = indicator;
    switch (indicator.type) {
      case 'md5':
      case 'sha1':
      case 'sha256':
      case 'imphash': {
        const common = commonHash(value);
        if (common !== null)
          report('hash-common', common.severity, `expected the hash of one program, got that of ${common.name}`);
        break;
      }
      case 'ip':
      case 'cidr':
        this.#lintNetwork(value, report);
        break;
      case 'domain':
      case 'fqdn':
        lintDomain(value, report);
        break;
      case 'url': {
        const url = new URL(value);
        const host = url.hostname.replace(/^\[|\]$/g, '');
        if (parseAddress(host) !== null) this.#lintNetwork(host, report);
        else if (url.pathname.length <= 1 && url.search === '') lintDomain(host, report); // the site as a whole
        break;
      }
      case 'registry-key':
        if (commonKeys.has(value))
          report('key-common', 'error', 'expected a key of malware, got one that every host has');
        break;
      case 'filename':
      case 'email':
      case 'keyword':
      case 'pipe':
      case 'handle':
        break;
      default:
        indicator.type satisfies never;
    }
  }

  /** An address or a network: what it is is that of every address in it. */
  #lintNetwork(network: string, report: Report): void {
    const reserved = this.#reserved.meeting(network);
    const documentation = this.#documentation.meeting(network);
    const resolver = this.#resolvers.meeting(network);
    const shared = this.#shared.meeting(network);
    if (reserved !== null) report('address-reserved', 'error', `expected public addresses, got some for ${reserved}`);
    if (documentation !== null)
      report('address-documentation', 'warning', `expected public addresses, got some for ${documentation}`);
    if (resolver !== null)
      report('resolver-public', 'error', `expected a bad host, got the public resolver of ${resolver}`);
    else if (shared !== null)
      report('address-shared', 'warning', `expected a bad host, got one for many sites, of ${shared}`);
    const range = parseCidr(network);
    if (range !== null && range.prefix < widestPrefix[range.bits])
      report(
        'network-wide',
        'error',
        `expected a prefix of at least ${widestPrefix[range.bits]} bits, got ${range.prefix}`,
      );
  }
}

function* eachWith(
  entries: readonly (readonly [owner: string, networks: readonly string[]])[],
): Generator<[string, string]> {
  for (const [owner, networks] of entries) for (const network of networks) yield [network, owner];
}

type Report = (code: LintCode, severity: LintFinding['severity'], said: string) => void;

function lintDomain(domain: string, report: Report): void {
  const site = domain.replace(/^www\./, '');
  if (topSites.has(site) || vitalHosts.has(site))
    report('site-top', 'error', 'expected a bad domain, got a site that everybody visits');
  else if ([...domainSuffixes(domain)].some((suffix) => topSites.has(suffix)))
    report('site-top', 'warning', 'expected a bad domain, got a name of a site that everybody visits');
  const suffix = publicSuffixKind(domain);
  if (suffix === 'registry')
    report('domain-suffix', 'error', 'expected a registered domain, got one below which everybody registers');
  else if (suffix === 'owner' || sharedDomains.has(domain))
    report('domain-shared', 'error', 'expected a host, got the domain of a service shared by many');
  for (const parent of domainSuffixes(domain)) {
    const severity = reservedDomains[parent];
    if (severity !== undefined) {
      report('domain-reserved', severity, `expected a name of the public DNS, got one below ${parent}`);
      break;
    }
  }
  if (!domain.includes('xn--')) return;
  const shown = domainToUnicode(domain);
  if (confusable.test(shown)) report('domain-confusable', 'warning', `expected letters of one look, got "${shown}"`);
}
