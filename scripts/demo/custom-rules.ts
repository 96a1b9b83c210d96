import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Has the id of a rule in content/sigma, and so stands in its place on this endpoint. */
const override = `title: Name of a Monero Pool Is Resolved, As This Site Sees It
id: 5a24de28-4cfb-4115-ae62-ba40a6c4eb39
status: test
description: Only names below one pool, since this site mines at the others on purpose.
author: the admins of Example Ltd
logsource:
    category: dns
detection:
    selection:
        query|endswith: '.moneroocean.stream'
    condition: selection
level: medium
`;

/** Names a selection in its condition that it does not have. */
const broken = `title: A Rule That Somebody Left Half Done
id: 3d1c6f0e-6a43-4c1e-9a31-0a6a0f6e4f11
logsource:
    product: linux
detection:
    selection:
        CommandLine|contains: 'xmrig'
    condition: selection and not filter
`;

const domains = `# domains of an incident at Example Ltd
miner.example.net;80
`;

/** What an admin puts into custom-signatures/ of an endpoint. */
export async function writeCustomRules(home: string): Promise<void> {
  const folder = join(home, 'custom-signatures');
  await mkdir(join(folder, 'sigma'), { recursive: true });
  await writeFile(join(folder, 'sigma', 'override.yml'), override);
  await writeFile(join(folder, 'sigma', 'half-done.yml'), broken);
  await writeFile(join(folder, 'incident-c2-iocs.txt'), domains);
}
