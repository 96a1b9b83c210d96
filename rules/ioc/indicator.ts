import { z } from 'zod';
import { parseSeconds } from '../../base/clock.js';
import type { Json } from '../../base/json.js';
import { RulesError } from '../error.js';
import type { CompiledItem } from '../item.js';
import { normaliseRegex, type Problem } from './pattern.js';
import { indicatorTypes, normaliseValue, quote, type IndicatorType } from './value.js';

/** The score of an indicator whose source names none (as in THOR). */
export const defaultScore = 100;
/** Scores are whole numbers from -1000 to 1000; 40, 60 and 100 make a finding medium, high, critical. */
export const maxScore = 1000;

export const trafficLights = ['red', 'amber+strict', 'amber', 'green', 'clear'] as const;

/** One thing to look for, in the normal form of `docs/spec/indicators.md`. */
export interface Indicator {
  readonly type: IndicatorType;
  readonly value: string;
  readonly score: number;
  /** Present on what is known to be good: it lowers findings instead of making one. */
  readonly role?: 'trusted';
  /** RE2 expression; a hit that it also hits is none. Only with `filename`. */
  readonly falsePositive?: string;
  readonly description?: string;
  /** Where to read about it, an http(s) URL. */
  readonly reference?: string;
  /** Who says so: a feed, a list, a report's title. */
  readonly source?: string;
  readonly firstSeenAt?: string;
  readonly expiresAt?: string;
  /** Traffic Light Protocol 2.0. */
  readonly tlp?: (typeof trafficLights)[number];
}

const text = z.string().min(1).max(2000);
const seconds = z.string().refine((value) => parseSeconds(value) !== null, 'expected YYYY-MM-DDTHH:MM:SSZ');
const shape = z.strictObject({
  type: z.enum(indicatorTypes),
  value: z.string().min(1).max(8192),
  score: z.int().min(-maxScore).max(maxScore),
  role: z.literal('trusted').optional(),
  falsePositive: z.string().min(1).optional(),
  description: text.optional(),
  reference: z
    .string()
    .regex(/^https?:\/\/\S+$/)
    .max(2000)
    .optional(),
  source: text.optional(),
  firstSeenAt: seconds.optional(),
  expiresAt: seconds.optional(),
  tlp: z.enum(trafficLights).optional(),
});

/** The id of the item: `<type>:<normalised value>`. */
export function indicatorId(indicator: Pick<Indicator, 'type' | 'value'>): string {
  return `${indicator.type}:${indicator.value}`;
}

export function compileIndicator(indicator: Indicator): CompiledItem {
  return { kind: 'ioc', id: indicatorId(indicator), value: indicator as unknown as Json };
}

/**
 * An indicator out of a pack's line: strict, and its value must be in normal form already.
 *
 * @throws RulesError `indicator-invalid`
 */
export function decodeIndicator(value: unknown, subject = 'indicator'): Indicator {
  const parsed = shape.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue === undefined || issue.path.length === 0 ? subject : `${subject} ${issue.path.join('.')}`;
    throw new RulesError('indicator-invalid', `${where}: expected its normal form, got ${issue?.message ?? 'other'}`, {
      cause: parsed.error,
    });
  }
  const indicator = parsed.data as Indicator;
  refuseOtherSpelling(`${subject} value`, indicator.value, normaliseValue(indicator.type, indicator.value));
  if (indicator.falsePositive !== undefined) {
    if (indicator.type !== 'filename')
      throw new RulesError(
        'indicator-invalid',
        `${subject}: expected falsePositive on a filename, got ${indicator.type}`,
      );
    refuseOtherSpelling(`${subject} falsePositive`, indicator.falsePositive, normaliseRegex(indicator.falsePositive));
  }
  return indicator;
}

function refuseOtherSpelling(subject: string, got: string, normal: string | Problem): void {
  if (normal === got) return;
  const said = typeof normal === 'string' ? `expected ${quote(normal)}, got ${quote(got)}` : normal.problem;
  throw new RulesError('indicator-invalid', `${subject}: ${said}`);
}

/** Whether the indicator's time is over; one without `expiresAt` never ends. */
export function isExpired(indicator: Indicator, now: Date): boolean {
  const end = indicator.expiresAt === undefined ? null : parseSeconds(indicator.expiresAt);
  return end !== null && end.getTime() <= now.getTime();
}
