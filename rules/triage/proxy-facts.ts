import { isIPv6 } from 'node:net';
import { isIpv4 } from '../ioc/address.js';
import { entropyOf } from './entropy.js';
import { type Facts, isEmptyFact, textsOf } from './fact-value.js';
import { extensionOf, fileNameOf } from './file-name.js';
import { splitUrl, toPort } from '../../events/url-parts.js';

/** A host with a path and no scheme, as firewalls log it. */
const bareUrl = /^(?:[a-z0-9_-]+\.)+[a-z0-9-]+(?::\d{1,5})?(?:[/?#]|$)/i;
const minHostLabel = 12;
const minPathPart = 20;

/** Works out what the fields do not say by themselves: the parts of the URL, kinds of hosts, lengths and entropy. */
export function proxyFacts(facts: Facts): void {
  const [uri = ''] = textsOf(facts.get('uri'));
  const parts = splitUrl(bareUrl.test(uri) ? `http://${uri}` : uri);
  const [given = ''] = textsOf(facts.get('host'));
  const { host, port } = given === '' ? parts : splitHost(given);
  if (host !== null) {
    const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    facts.set('host', name);
    const kind = kindOf(name);
    facts.set('hostKind', kind);
    if (kind === 'name') setEntropy(facts, 'hostEntropy', longest(name.split('.')), minHostLabel);
  }
  if (!facts.has('port') && (port ?? parts.port) !== null) facts.set('port', port ?? parts.port ?? 0);
  if (isEmptyFact(facts.get('path')) && parts.path !== '') facts.set('path', parts.path);
  const [path = ''] = textsOf(facts.get('path'));
  const [query = ''] = textsOf(facts.get('query'));
  if (uri === '' && host !== null)
    facts.set('uri', `${host}${path}${query === '' ? '' : `?${query.replace(/^\?/, '')}`}`);
  setEntropy(facts, 'pathEntropy', longest(path.split('/')), minPathPart);
  if (isEmptyFact(facts.get('fileName')) && /\.[^/]*$/.test(path)) facts.set('fileName', fileNameOf(path));
  const [extension = ''] = textsOf(facts.get('extension'));
  const [fileName = ''] = textsOf(facts.get('fileName'));
  const found = extension === '' ? extensionOf(fileName) : `.${extension.replace(/^\./, '').toLowerCase()}`;
  if (found !== null) facts.set('extension', found);
  const agent = facts.get('userAgent');
  if (typeof agent === 'string' && !isEmptyFact(agent)) facts.set('userAgentLength', agent.length);
}

function splitHost(host: string): { host: string; port: number | null } {
  const colon = host.lastIndexOf(':');
  const port = colon > 0 && host.indexOf(':') === colon ? toPort(host.slice(colon + 1)) : null;
  return { host: port === null ? host : host.slice(0, colon), port };
}

function setEntropy(facts: Facts, fact: string, text: string, minLength: number): void {
  if (text.length >= minLength) facts.set(fact, Math.round(entropyOf(text) * 100) / 100);
}

function longest(parts: readonly string[]): string {
  return parts.reduce((best, part) => (part.length > best.length ? part : best), '');
}

const privateHost =
  /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe[89ab])/;

function kindOf(host: string): 'name' | 'public-address' | 'private-address' {
  if (!isIpv4(host) && !(host.includes(':') && isIPv6(host))) return 'name';
  return privateHost.test(host) ? 'private-address' : 'public-address';
}
