import type { Finding } from '../findings/finding.js';
import { formatEventTime } from '../findings/finding.js';
import { levelOfScore, titleOf } from '../merge/level.js';
import type { Observation } from './observation.js';
import type { Verdict } from './verdict.js';

/** A finding in the form that Sigma's have, with the element that it is about. */
export function elementFindingOf(observation: Observation, { score, top, reasons, count, matched }: Verdict): Finding {
  const { pack, version, file } = top.source;
  const { element, path, line } = observation;
  return {
    ruleId: top.id,
    title: titleOf(top),
    level: levelOfScore(score),
    author: null,
    tags: [],
    source: { pack, version, file },
    time: formatEventTime(observation.timeMs ?? null),
    channel: observation.channel ?? null,
    recordId: observation.recordId ?? null,
    computer: observation.computer ?? null,
    file: path,
    matched,
    element: { kind: element, score, ...(line !== undefined && { line }), count, reasons },
  };
}
