/** An update in a process of its own, so that a test can kill it. */
import { FixedClock } from '../../base/clock.js';
import { openHome } from '../../scanner/state/home.js';
import { update } from '../../scanner/update/update.js';
import { testClient } from './endpoint.js';

const [path = ''] = process.argv.slice(2);
await update({ home: openHome(path), clock: new FixedClock('2026-03-01T12:00:00Z'), client: testClient });
