import { formatSeconds } from '../../base/clock.js';
import { commonNamesHit, tooWide } from './common-name.js';
import { defaultScore, maxScore, trafficLights, type Indicator } from './indicator.js';
import { normaliseRegex, type Problem } from './pattern.js';
import { normaliseValue, quote, type IndicatorType } from './value.js';

/** An indicator as a feed writes it; empty texts stand for none. */
export interface Draft {
  readonly type: IndicatorType;
  readonly text: string;
  readonly score?: number | undefined;
  readonly trusted?: boolean | undefined;
  readonly falsePositive?: string | undefined;
  readonly description?: string | undefined;
  readonly reference?: string | undefined;
  readonly source?: string | undefined;
  /** ISO 8601: a day, or a time with its zone; without one it is taken as UTC ({@link lacksZone}). */
  readonly firstSeen?: string | undefined;
  readonly expires?: string | undefined;
  readonly tlp?: string | undefined;
}

const maxDescription = 500;

/** The indicator in normal form, or what keeps the draft from being one. Long descriptions are cut. */
export function finishDraft(draft: Draft): Indicator | Problem {
  const value = normaliseValue(draft.type, draft.text);
  if (typeof value !== 'string') return { problem: `${draft.type}: ${value.problem}` };
  const score = draft.score ?? defaultScore;
  if (!Number.isInteger(score) || Math.abs(score) > maxScore)
    return { problem: `score: expected a whole number from -${maxScore} to ${maxScore}, got ${score}` };
  const falsePositive = clean(draft.falsePositive);
  const except = falsePositive === undefined ? undefined : normaliseRegex(falsePositive);
  if (except !== undefined && typeof except !== 'string') return { problem: `false-positive regex: ${except.problem}` };
  if (except !== undefined && draft.type !== 'filename')
    return { problem: `false-positive regex: expected with a filename only, got ${draft.type}` };
  const firstSeenAt = time(draft.firstSeen);
  const expiresAt = time(draft.expires);
  if (firstSeenAt === null) return { problem: `first seen: expected ISO 8601, got ${quote(draft.firstSeen ?? '')}` };
  if (expiresAt === null) return { problem: `expiry: expected ISO 8601, got ${quote(draft.expires ?? '')}` };
  const light = clean(draft.tlp)
    ?.toLowerCase()
    .replace(/^tlp:/, '')
    .replace(/^white$/, 'clear');
  const tlp = trafficLights.find((known) => known === light);
  if (light !== undefined && tlp === undefined)
    return { problem: `tlp: expected ${trafficLights.join(', ')}, got ${quote(light)}` };
  const hit = score > 0 && draft.trusted !== true ? commonNamesHit(draft.type, value, except) : [];
  if (hit.length > 0) return { problem: `${draft.type}: ${tooWide(value, hit)}` };
  const description = clean(draft.description);
  const source = clean(draft.source);
  const reference = /^https?:\/\/[^\s"'<>]{1,1900}/.exec(clean(draft.reference) ?? '')?.[0];
  return {
    type: draft.type,
    value,
    score: score === 0 ? 0 : score,
    ...(draft.trusted === true && { role: 'trusted' as const }),
    ...(except !== undefined && { falsePositive: except }),
    ...(description !== undefined && { description }),
    ...(reference !== undefined && { reference }),
    ...(source !== undefined && { source }),
    ...(firstSeenAt !== undefined && { firstSeenAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(tlp !== undefined && { tlp }),
  };
}

/** Whether a time of day stands without its zone. */
export function lacksZone(text: string | undefined): boolean {
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?$/.test(text?.trim() ?? '');
}

function clean(text: string | undefined): string | undefined {
  const flat = text?.replace(/\s+/g, ' ').trim().toWellFormed() ?? '';
  if (flat === '') return undefined;
  return flat.length > maxDescription ? `${flat.slice(0, maxDescription - 3).toWellFormed()}...` : flat;
}

function time(text: string | undefined): string | null | undefined {
  const written = text?.trim() ?? '';
  if (written === '') return undefined;
  if (!/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|UTC)|[+-]\d\d:?\d\d)?)?$/.test(written))
    return null;
  const parsed = new Date(lacksZone(written) ? `${written.replace(' ', 'T')}Z` : written.replace(/ ?UTC$/, 'Z'));
  const isReal = !Number.isNaN(parsed.getTime()) && !Number.isNaN(new Date(written.slice(0, 10)).getTime());
  return isReal ? formatSeconds(parsed) : null;
}
