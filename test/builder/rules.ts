import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A UUID that depends on the name alone. */
export function ruleId(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A small Sigma rule of our own; `more` are further lines at the top level. */
export function sigmaRule(name: string, more = 'level: high\nstatus: test\n'): string {
  return `title: ${name}
id: ${ruleId(name)}
author: yms test
${more}logsource:
  product: linux
  service: vsftpd
detection:
  selection:
    message|contains: '${name}'
  condition: selection
`;
}

export async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}
