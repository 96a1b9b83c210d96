import type { Field } from './text-log.js';

const query = /^(?:(\d{1,10}) (\S{2,64})\/\d{1,5} )?query\[([A-Z0-9=]{1,20})\] (\S{1,255}) from (\S{2,64})/;
const answer =
  /^(?:\d{1,10} (\S{2,64})\/\d{1,5} )?((?:gravity |exactly |regex )?(?:blocked|denied)|reply|cached|config|forwarded|\/\S{1,255}|validation|dnssec-query\[\S{1,20}\]|special domain) (\S{1,255}) (?:is|to) (\S{1,255})/;

/**
 * What dnsmasq, and Pi-hole, say of a name: `action`, `query`, `record_type`, `answer`, `src_ip`. Empty for lines that tell of
 * none: starting, DHCP.
 */
export function dnsmasqFields(message: string): Field[] {
  const asked = query.exec(message);
  const told = asked === null ? answer.exec(message) : null;
  const fields: [string, string | undefined][] = asked
    ? [['action', 'query'], ['query', asked[4]], ['record_type', asked[3]], ['src_ip', asked[5]]]
    : told
      ? [['action', told[2]], ['query', told[3]], ['answer', told[4]], ['src_ip', told[1]]]
      : []; // prettier-ignore
  return fields.filter((field): field is [string, string] => field[1] !== undefined);
}
