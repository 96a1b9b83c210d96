import { domainToUnicode } from 'node:url';
import { parseAddress, parseCidr } from './address.js';
import { CidrTable } from './cidr-table.js';
import { domainSuffixes } from './domain.js';
import { isExpired, type Indicator } from './indicator.js';

export type LintCode =
  | 'address-reserved'
  | 'address-documentation'
  | 'resolver-public'
  | 'network-wide'
  | 'site-top'
  | 'domain-shared'
  | 'domain-reserved'
  | 'domain-confusable'
  | 'hash-common'
  | 'expired';

/** What a lint has to say about one indicator; an `error` keeps it out of a pack. */
export interface LintFinding {
  readonly code: LintCode;
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly indicator: Indicator;
}

/** IANA special-purpose address registries (RFC 6890 and its updates): never the address of somebody else. */
const reservedNetworks: readonly (readonly [cidr: string, use: string])[] = [
  ['0.0.0.0/8', 'this network, RFC 791'],
  ['10.0.0.0/8', 'private use, RFC 1918'],
  ['100.64.0.0/10', 'carrier-grade NAT, RFC 6598'],
  ['127.0.0.0/8', 'loopback, RFC 1122'],
  ['169.254.0.0/16', 'link local, RFC 3927'],
  ['172.16.0.0/12', 'private use, RFC 1918'],
  ['192.0.0.0/24', 'protocol assignments, RFC 6890'],
  ['192.168.0.0/16', 'private use, RFC 1918'],
  ['198.18.0.0/15', 'benchmarks, RFC 2544'],
  ['224.0.0.0/4', 'multicast, RFC 5771'],
  ['240.0.0.0/4', 'reserved, RFC 1112'],
  ['::/127', 'unspecified and loopback, RFC 4291'],
  ['64:ff9b:1::/48', 'local translation, RFC 8215'],
  ['100::/64', 'discard only, RFC 6666'],
  ['fc00::/7', 'unique local, RFC 4193'],
  ['fe80::/10', 'link local, RFC 4291'],
  ['ff00::/8', 'multicast, RFC 4291'],
];

const documentationNetworks: readonly (readonly [cidr: string, use: string])[] = [
  ['192.0.2.0/24', 'documentation, RFC 5737'],
  ['198.51.100.0/24', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'documentation, RFC 5737'],
  ['2001:db8::/32', 'documentation, RFC 3849'],
  ['3fff::/20', 'documentation, RFC 9637'],
];

/** Resolvers that their operators publish; blocking one takes away name service, not malware. */
const publicResolvers: Readonly<Record<string, string>> = {
  '1.0.0.1': 'Cloudflare',
  '1.1.1.1': 'Cloudflare',
  '8.8.4.4': 'Google',
  '8.8.8.8': 'Google',
  '9.9.9.9': 'Quad9',
  '149.112.112.112': 'Quad9',
  '208.67.220.220': 'OpenDNS',
  '208.67.222.222': 'OpenDNS',
  '2001:4860:4860::8844': 'Google',
  '2001:4860:4860::8888': 'Google',
  '2606:4700:4700::1001': 'Cloudflare',
  '2606:4700:4700::1111': 'Cloudflare',
  '2620:fe::fe': 'Quad9',
};

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

/** Names that never resolve in the public DNS (RFC 2606, RFC 6761, RFC 6762, RFC 8375). */
const reservedDomains: Readonly<Record<string, 'error' | 'warning'>> = {
  localhost: 'error',
  local: 'error',
  'home.arpa': 'error',
  test: 'warning',
  example: 'warning',
  invalid: 'warning',
  'example.com': 'warning',
  'example.net': 'warning',
  'example.org': 'warning',
};

/** Hashes of no bytes and of one line end, which stand in many lists by mistake. */
const commonHashes: Readonly<Record<string, string>> = {
  d41d8cd98f00b204e9800998ecf8427e: 'the empty file',
  da39a3ee5e6b4b0d3255bfef95601890afd80709: 'the empty file',
  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: 'the empty file',
  '68b329da9893e34099c7d8ad5cb9c940': 'one line feed',
  adc83b19e793491b1c6ea0fd8b46cd9f32e592fc: 'one line feed',
  '01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b': 'one line feed',
};

const widestPrefix = { 32: 8, 128: 19 } as const;

/** Letters that look like Latin ones, of the scripts that names are most often imitated with. */
const confusable =
  /[\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d\u03b1\u03bf\u03c1\u03bd\u0261\u0269\u0131]/;

/** Judges indicators by the lists above and by the clock. Trusted ones are left alone: to allow a top site is no mistake. */
export class WarningList {
  readonly #reserved = new CidrTable<string>();
  readonly #documentation = new CidrTable<string>();

  constructor() {
    for (const [cidr, use] of reservedNetworks) this.#reserved.add(cidr, use);
    for (const [cidr, use] of documentationNetworks) this.#documentation.add(cidr, use);
  }

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
      const common = commonHashes[indicator.value];
      if (common !== undefined)
        report('hash-common', 'error', `expected the hash of one program, got that of ${common}`);
      this.#lintValue(indicator, report);
    }
    return findings;
  }

  #lintValue(indicator: Indicator, report: Report): void {
    const { value } = indicator;
    switch (indicator.type) {
      case 'ip':
        this.#lintAddress(value, report);
        break;
      case 'cidr':
        this.#lintNetwork(value, report);
        break;
      case 'domain':
      case 'fqdn':
        lintDomain(value, report);
        break;
      case 'url': {
        const host = new URL(value).hostname.replace(/^\[|\]$/g, '');
        if (parseAddress(host) !== null) this.#lintAddress(host, report);
        break;
      }
      case 'md5':
      case 'sha1':
      case 'sha256':
      case 'imphash':
      case 'filename':
      case 'email':
      case 'keyword':
      case 'pipe':
      case 'handle':
      case 'registry-key':
        break;
      default:
        indicator.type satisfies never;
    }
  }

  #lintAddress(address: string, report: Report): void {
    const [reserved] = this.#reserved.find(address);
    const [documentation] = this.#documentation.find(address);
    const resolver = publicResolvers[address];
    if (reserved !== undefined)
      report('address-reserved', 'error', `expected a public address, got one for ${reserved}`);
    if (documentation !== undefined)
      report('address-documentation', 'warning', `expected a public address, got one for ${documentation}`);
    if (resolver !== undefined)
      report('resolver-public', 'error', `expected a bad host, got the public resolver of ${resolver}`);
  }

  #lintNetwork(cidr: string, report: Report): void {
    this.#lintAddress(cidr.slice(0, cidr.indexOf('/')), report);
    const range = parseCidr(cidr);
    if (range !== null && range.prefix < widestPrefix[range.bits])
      report(
        'network-wide',
        'error',
        `expected a prefix of at least ${widestPrefix[range.bits]} bits, got ${range.prefix}`,
      );
  }
}

type Report = (code: LintCode, severity: LintFinding['severity'], said: string) => void;

function lintDomain(domain: string, report: Report): void {
  if (topSites.has(domain)) report('site-top', 'error', 'expected a bad domain, got a site that everybody visits');
  if (sharedDomains.has(domain))
    report('domain-shared', 'error', 'expected a host, got the domain of a service shared by many');
  for (const suffix of domainSuffixes(domain)) {
    const severity = reservedDomains[suffix];
    if (severity !== undefined) {
      report('domain-reserved', severity, `expected a name of the public DNS, got one below ${suffix}`);
      break;
    }
  }
  if (!domain.includes('xn--')) return;
  const shown = domainToUnicode(domain);
  if (confusable.test(shown)) report('domain-confusable', 'warning', `expected letters of one look, got "${shown}"`);
}
